"""A model brought up to date without being fitted anew: new items, new events, and what is popular now."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import structlog
from sqlalchemy import Connection

from tastemaker.recipes.contract import Progress
from tastemaker.resources.kind import Body, Outcome, Task
from tastemaker.storage import rows
from tastemaker.storage.database import touch
from tastemaker.storage.store import Store
from tastemaker.storage.trained import fingerprint, load
from tastemaker.training.learning import Lesson, keep

log = structlog.get_logger()


@dataclass(frozen=True)
class Refreshed:
    """A new artifact, the newest streamed event in it, and facts for people to read."""

    artifact: str
    through_seq: int
    facts: Body


def refreshed(store: Store, lesson: Lesson, artifact: str, report: Body, watch: Progress) -> Refreshed:
    """The model of an artifact over the catalogue, the events and the popularity of now; its coefficients stay."""
    old = load(store.artifacts / artifact)
    corpus = lesson.corpus(store)
    position = {name: place for place, name in enumerate(corpus.item_ids)}
    place_J = np.array([position.get(name, -1) for name in old.item_ids], np.int32)
    model: Any = old.model
    data = corpus.data(lesson.chosen)
    updated = model.extended(place_J, data)
    known = set(old.item_ids)
    facts = {
        **report,
        "new_items": sum(name not in known for name in corpus.item_ids),
        "data_fingerprint": corpus.fingerprint(),
        "model_fingerprint": fingerprint(updated),
        "users": len(corpus.user_ids),
        "items": len(corpus.item_ids),
    }
    return Refreshed(keep(store, lesson, corpus, data, updated, facts, watch), corpus.through_seq, facts)


def refresh(task: Task, lesson: Lesson) -> Outcome:
    """Replace the model of a deployed version or recommender by itself, brought up to date; metrics stay."""
    body, store = task.resource.body, task.store
    began_s = store.now_s()
    found = refreshed(store, lesson, body["artifact"], body["report"], task.watch)
    log.info("model.refreshed", arn=task.resource.arn, new_items=found.facts["new_items"])

    def outcome(connection: Connection) -> Body:
        present = rows.find(connection, task.resource.arn)
        if present is None or present.body["artifact"] != body["artifact"]:
            return {}  # what was trained or rewritten meanwhile is newer
        touch(connection)
        return {
            "artifact": found.artifact,
            "through_seq": found.through_seq,
            "report": found.facts,
            "refreshed_s": began_s,
        }

    return outcome
