"""The work of a batch inference job: recommendations for every line of its input, or related items with their theme."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from tastemaker.batch.chunks import Chunk
from tastemaker.batch.lines import Answered, answer
from tastemaker.batch.recommending import EVENTS_PER_USER_MAX, USERS_MAX, Recommender, recommender_of
from tastemaker.batch.themes import themes
from tastemaker.batch.work import Course, carry_out
from tastemaker.recipes.contract import Progress, stage
from tastemaker.resources.kind import Outcome, Task, WorkFailed
from tastemaker.serving.catalogue import Catalogue, Records
from tastemaker.storage.live import Live

# Lines at a time, and the quota of lines in a file. The catalogue is read once for each chunk with themes.
INFERENCE, THEMES = Course(5_000, 50_000_000), Course(100, 100)
THEME_GENERATION = "THEME_GENERATION"
WATCHED_LINES = 100
THEME_DIGITS = 4  # of how much an item has to do with the theme


def infer(task: Task) -> Outcome:
    """Answer every line; lines that cannot be answered say why. Raises WorkFailed."""
    body = task.resource.body
    catalogue = Catalogue(task.store)
    with closing(Live(task.store.database, EVENTS_PER_USER_MAX, USERS_MAX)) as live:
        recommender = recommender_of(task, live, catalogue)
        if body["batchInferenceJobMode"] != THEME_GENERATION:
            return carry_out(task, INFERENCE, lambda chunk, watch: _recommended(recommender, chunk, watch))
        items = catalogue.records(recommender.deployment.group, "ITEMS", live.catalogue)
        if items.schema is None:
            raise WorkFailed("The dataset group has no Items dataset any more, so there is no text to find themes in.")
        name = body["themeGenerationConfig"]["fieldsForThemeGeneration"]["itemName"]
        return carry_out(task, THEMES, Themed(recommender, items, name).answers)


def _recommended(recommender: Recommender, chunk: Chunk, watch: Progress) -> Iterator[Answered]:
    for place, text in enumerate(chunk.lines):
        if place % WATCHED_LINES == 0:
            watch(place, len(chunk.lines))
        yield answer(text, recommender.output)


@dataclass(frozen=True)
class Themed:
    """Answers lines with related items and what these have in common. name: the column of item names."""

    recommender: Recommender
    items: Records
    name: str

    def answers(self, chunk: Chunk, watch: Progress) -> Iterator[Answered]:
        """All lists first: the catalogue is read once for the themes of all."""
        plain = list(_recommended(self.recommender, chunk, stage(watch, 0.0, 0.5)))
        lists = [each.output["recommendedItems"] for each in plain if each.output is not None]
        assert self.items.schema is not None, "infer has seen to it"
        found = iter(themes(self.items.frame, self.items.schema, self.name, lists))
        for each in plain:
            if each.output is not None:
                theme = next(found)
                relevance = np.round(theme.relevance_K.astype(np.float64), THEME_DIGITS).tolist()
                each.output = {**each.output, "theme": theme.title, "itemsThemeRelevanceScores": relevance}
            yield each
