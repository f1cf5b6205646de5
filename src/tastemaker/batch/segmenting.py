"""The work of a batch segment job: for every line of its input, the users most likely to choose what the line names."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from tastemaker.batch.attributes import AttributesError, matching, parse
from tastemaker.batch.chunks import Chunk
from tastemaker.batch.lines import Answered, Line, NoAnswer, answer, filter_values, id_of, shown
from tastemaker.batch.recommending import deployed, filter_of
from tastemaker.batch.segments import Shard, best_of_shard, candidates_of, merged, shards
from tastemaker.batch.work import Course, carry_out, kept
from tastemaker.data.interactions import About, Bools, Ints
from tastemaker.filters import Candidates, Filter, FilterError, allowed
from tastemaker.recipes.contract import Progress, stage
from tastemaker.resources.kind import Outcome, Task
from tastemaker.serving.catalogue import Catalogue, Records
from tastemaker.serving.deployments import Deployment

BY_ATTRIBUTES = "aws-item-attribute-affinity"
BY_ITEM, BY_ATTRIBUTE = Course(500, 500), Course(500, 10)  # lines at a time; and the quota of lines in a file
NOW = 0  # as of which records are read: once, as the job begins


@dataclass(frozen=True)
class Segments:
    """Answers the lines of a job. folder: where what is done is kept. now_s: what windows of time count back from."""

    deployment: Deployment
    catalogue: Catalogue
    tree: Filter | None
    users: Records
    shards: list[Shard]
    most: int
    folder: Path
    now_s: float

    def answers(self, chunk: Chunk, watch: Progress) -> Iterator[Answered]:
        """One pass over all users, kept shard by shard."""
        asked = [answer(text, self._question) for text in chunk.lines]
        questions = [each.output for each in asked if each.output is not None]
        files = []
        for place, shard in enumerate(self.shards):
            part = stage(watch, place / len(self.shards), 1 / len(self.shards))
            make = partial(self._make_shard, shard, questions, part)
            files.append(kept(self.folder, f"{chunk.name}-users-{place:06}.npy", make))
            part(1.0, 1.0)
        user_ids, question = self.deployment.trained.user_ids, 0
        for each in asked:
            if each.output is not None:
                names = [user_ids[user] for user in merged(files, question, self.most).tolist()]
                each = Answered(each.input, {"usersList": names, "recommendedUsers": names})
                question += 1
            yield each

    def _make_shard(self, shard: Shard, questions: list[Any], watch: Progress, aside: Path) -> None:
        candidates = candidates_of(shard, self.users, self.now_s) if self.tree else None
        known_U = shard.known_U

        def allowed_to(values: dict[str, str]) -> Bools:
            if self.tree is None or candidates is None:
                return known_U
            return known_U & allowed(self.tree, candidates, values)

        allowed_of = [allowed_to(each["values"]) for each in questions]
        items_of = [each["items"] for each in questions]
        best_JK = best_of_shard(shard, items_of, allowed_of, self.most, watch, self._about)
        with aside.open("wb") as writer:
            np.save(writer, best_JK)

    def _about(self, user_id: str) -> About:
        """What the model wants to know of a user, by the records of now."""
        return self.catalogue.about(self.deployment, user_id, {}, NOW)

    @cached_property
    def _nobody(self) -> Candidates:
        """No users, on whom it shows whether a filter can be evaluated."""
        return candidates_of(Shard(self.deployment.trained, 0, 0), self.users, self.now_s)

    def _question(self, line: Line) -> dict[str, Any]:
        """The items that a line asks for, and the values of its filter."""
        values = filter_values(line)
        if self.tree is not None:
            try:
                allowed(self.tree, self._nobody, values)
            except FilterError as problem:
                raise NoAnswer(str(problem)) from None
        is_by_attributes = self.deployment.trained.recipe == BY_ATTRIBUTES
        return {"items": self._with_attributes(line) if is_by_attributes else self._item(line), "values": values}

    def _item(self, line: Line) -> Ints:
        item_id = id_of(line, "itemId")
        place = self.deployment.items.position.get(item_id)
        if place is None:
            raise NoAnswer(f"itemId {shown(item_id)} is not known to the model. Give an item that it was trained with.")
        return np.array([place], np.int32)

    def _with_attributes(self, line: Line) -> Ints:
        expression = line.get("itemAttributes")
        if not isinstance(expression, str):
            what = "is missing" if expression is None else f"is {shown(expression)}"
            raise NoAnswer(f'itemAttributes {what}: give an expression such as "ITEMS.COLOR = \\"red\\"".')
        schema = self.catalogue.records(self.deployment.group, "ITEMS", NOW).schema
        if schema is None:
            raise NoAnswer("The dataset group has no Items dataset any more.")
        columns = self.catalogue.candidate_columns(self.deployment, NOW)
        try:
            place_K = matching(parse(expression), schema, columns)
        except AttributesError as problem:
            raise NoAnswer(str(problem)) from None
        return place_K


def segment(task: Task) -> Outcome:
    """Answer every line; lines that cannot be answered say why. Raises WorkFailed."""
    job, store = task.resource, task.store
    deployment, catalogue = deployed(task), Catalogue(store)
    found = filter_of(store, job.body.get("filterArn"))
    segments = Segments(
        deployment,
        catalogue,
        found.tree if found else None,
        catalogue.records(deployment.group, "USERS", NOW),
        shards(deployment.trained),
        job.body["numResults"],
        store.batches / str(job.seq),
        # Of all that a job does: also of what is done after it was taken up again.
        job.created_s,
    )
    course = BY_ATTRIBUTE if deployment.trained.recipe == BY_ATTRIBUTES else BY_ITEM
    return carry_out(task, course, segments.answers)
