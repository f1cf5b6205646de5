"""The work of a batch inference job: recommendations for every line of its input."""

from collections.abc import Iterator
from contextlib import contextmanager

from tastemaker.batch.chunks import Chunk
from tastemaker.batch.lines import Answered, answer
from tastemaker.batch.recommending import EVENTS_PER_USER_MAX, USERS_MAX, recommender_of
from tastemaker.batch.work import Course, Watch, carry_out
from tastemaker.resources.kind import Outcome, Task
from tastemaker.serving.catalogue import Catalogue
from tastemaker.storage.live import Live
from tastemaker.storage.store import Store

INFERENCE = Course(chunk_lines=5_000, object_lines_max=50_000_000)
WATCHED_LINES = 100


def infer(task: Task) -> Outcome:
    """Answer every line; lines that cannot be answered say why. Raises WorkFailed."""
    with _live(task.store) as live:
        recommender = recommender_of(task, live, Catalogue(task.store))

        def answers(chunk: Chunk, watch: Watch) -> Iterator[Answered]:
            for place, text in enumerate(chunk.lines):
                if place % WATCHED_LINES == 0:
                    watch(place, len(chunk.lines))
                yield answer(text, recommender.output)

        return carry_out(task, INFERENCE, answers)


@contextmanager
def _live(store: Store) -> Iterator[Live]:
    live = Live(store.database, EVENTS_PER_USER_MAX, USERS_MAX)
    try:
        yield live
    finally:
        live.close()
