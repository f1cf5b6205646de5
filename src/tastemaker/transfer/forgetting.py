"""The work of a data deletion job: users forgotten in every place where something is kept of them.

The rows of all datasets, what was streamed and what was put; in the artifacts of trained models their ids, their
histories and their lists; to whom lists were shown. What a model learned from them with everybody else it knows until
it is trained again: the solution version says so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import structlog
from sqlalchemy import Connection

from tastemaker.resources.kind import Body, Outcome, Task, WorkFailed
from tastemaker.storage import columns, events, jobs, objects, rows, shown
from tastemaker.storage.columns import Part
from tastemaker.storage.database import touch
from tastemaker.storage.rows import Resource
from tastemaker.storage.store import Store
from tastemaker.storage.trained import Heads, Trained, load, save
from tastemaker.transfer.csv_bytes import ImportFailed
from tastemaker.transfer.user_ids import read_user_ids

log = structlog.get_logger()

BYTES_MAX = 100 << 20  # of input: "the total size is 100 MB at most"
MODELS = ("SolutionVersion", "Recommender")
DEPLOYED = ("Campaign", "Recommender")
FORGOTTEN = ""  # the id of a user who is forgotten: nobody can have it


@dataclass
class Receipt:
    """What was found of the users, and where."""

    users: set[str] = field(default_factory=set)
    places: dict[str, int] = field(default_factory=dict)

    def note(self, place: str, found: int, users: set[str]) -> None:
        """So many rows of these users were in that place."""
        if found:
            self.places[place] = self.places.get(place, 0) + found
            self.users |= users


def forget_users(task: Task) -> Outcome:
    """Everything is prepared aside; one transaction puts it in the place of what was there."""
    job, store = task.resource, task.store
    group = job.body["datasetGroupArn"]
    wanted = _wanted(task)
    receipt = Receipt()
    with store.database.read() as connection:
        datasets = rows.referring(connection, group, ["Dataset"])
        parts = {dataset.arn: columns.parts_of(connection, dataset.arn) for dataset in datasets}
        models = rows.referring(connection, group, MODELS)
    exchanged = [
        (dataset, old, new)
        for dataset in datasets
        for old, new in _rewritten(store, dataset, parts[dataset.arn], wanted, receipt)
    ]
    task.watch(1, 2)
    artifacts = {model.arn: made for model in models if (made := _without(store, model, wanted, receipt)) is not None}
    task.watch(2, 2)
    _forget_lists(store, group, wanted, receipt)

    def outcome(connection: Connection) -> Body:
        present = rows.referring(connection, group, MODELS)
        _require_unchanged({model.arn: model for model in models}, present)
        for dataset in datasets:
            if rows.find(connection, dataset.arn) is None:
                continue  # all of it is gone
            if columns.parts_of(connection, dataset.arn) != parts[dataset.arn]:
                raise WorkFailed(f"{dataset.arn} was imported into meanwhile. Create the job again.")
            found = events.forget_users(connection, dataset.seq, wanted)
            receipt.note(f"{dataset.body['datasetType']} streamed", *found)
        for dataset, old, new in exchanged:
            columns.exchange(connection, old, new)
            log.info("dataset.rewritten", dataset=dataset.arn, without=old.n_rows - (new.n_rows if new else 0))
        for model in present:
            if model.arn in artifacts:
                told = {"artifact": artifacts[model.arn], "forgot_users_s": store.now_s()}
                rows.change(connection, model.arn, model.updated_s, body={**model.body, **told})
        # A training that goes on has read what is now forgotten: it begins again.
        jobs.restart(connection, [model.arn for model in present])
        touch(connection)
        log.info("users.forgotten", job=job.arn, n_users=len(receipt.users), **receipt.places)
        return {
            "numDeleted": len(receipt.users),
            "report": {"places": dict(sorted(receipt.places.items())), "models_to_retrain": sorted(artifacts)},
        }

    return outcome


def _require_unchanged(looked_at: Mapping[str, Resource], present: Sequence[Resource]) -> None:
    """Raise WorkFailed for a model that was trained since the models were rewritten: it may know the users."""
    for model in present:
        before = looked_at[model.arn].body.get("artifact") if model.arn in looked_at else None
        if model.body.get("artifact") != before:
            raise WorkFailed(f"{model.arn} was trained meanwhile. Create the job again.")


def _wanted(task: Task) -> list[str]:
    """The ids that the job's files list."""
    job, store = task.resource, task.store
    store.spool.mkdir(exist_ok=True)
    try:
        with TemporaryDirectory(dir=store.spool) as spool:
            access = store.access(job.body["roleArn"], job.arn)
            location = job.body["dataSource"]["dataLocation"]
            found = objects.fetch(location, access, Path(spool), task.watch, _is_plain_csv, recursive=True)
            n_bytes = sum(each.path.stat().st_size for each in found)
            if n_bytes > BYTES_MAX:
                raise WorkFailed(f"{location} has {n_bytes:,} bytes: a job takes {BYTES_MAX:,} at most. Make several.")
            return sorted({name for each in found for name in read_user_ids(each.name, each.path)})
    except (objects.ObjectsFailed, ImportFailed) as problem:
        raise WorkFailed(str(problem)) from None
    except OSError as problem:
        raise WorkFailed(f"Invalid Data location. It cannot be read: {problem.strerror or problem}.") from None


def _is_plain_csv(name: str) -> bool:
    return name.lower().endswith(".csv") and not name.startswith(".")


def _rewritten(
    store: Store, dataset: Resource, parts: list[Part], wanted: list[str], receipt: Receipt
) -> Iterator[tuple[Part, Part | None]]:
    """The parts that have rows of the users, each with what takes its place: None if nothing is left."""
    for old in parts:
        frame = columns.load(store.datasets, old)
        if "USER_ID" not in frame.columns:
            continue
        is_wanted = frame["USER_ID"].is_in(wanted)
        if not is_wanted.any():
            continue
        theirs = frame["USER_ID"].filter(is_wanted)
        receipt.note(f"{dataset.body['datasetType']} imported", len(theirs), set(theirs))
        rest = frame.filter(~is_wanted)
        new = None
        if len(rest):
            new = Part(store.new_uuid(), len(rest), old.created_s)
            columns.save(store.datasets / new.folder, rest)
        yield old, new


def _without(store: Store, model: Resource, wanted: list[str], receipt: Receipt) -> str | None:
    """The artifact of a model without the users' ids, histories and lists; None if it has nothing of them."""
    artifact = model.body.get("artifact")
    if artifact is None:
        return None
    trained = load(store.artifacts / artifact)
    gone = np.flatnonzero(np.isin(list(trained.user_ids), wanted))
    if not len(gone):
        return None
    receipt.note("models", len(gone), {trained.user_ids[user] for user in gone.tolist()})
    new = store.new_uuid()
    save(store.artifacts / new, forgotten(trained, gone))
    return new


def _forget_lists(store: Store, group: str, wanted: list[str], receipt: Receipt) -> None:
    """Lists that were shown to the users stay, without them: all but what other groups showed to users of these ids."""
    with store.database.read() as connection:
        present = {each.seq for kind in DEPLOYED for each in rows.all_of(connection, kind)}
        ours = {each.seq for each in rows.referring(connection, group, DEPLOYED)}
    receipt.note("lists shown", *shown.forget(store.shown, wanted, lambda seq: seq in ours or seq not in present))


def forgotten(trained: Trained, gone: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Trained:
    """The same model as if it had never been told who these users are, or what they did."""
    histories, is_gone_U = trained.histories, np.zeros(len(trained.user_ids), np.bool_)
    is_gone_U[gone] = True
    length_U = np.diff(histories.start_U)
    kept_N = ~np.repeat(is_gone_U, length_U)
    start_U = np.concatenate([[0], np.cumsum(np.where(is_gone_U, 0, length_U))]).astype(np.int64)
    heads = trained.heads
    if heads is not None:
        item_UK, score_UK = np.array(heads.item_UK), np.array(heads.score_UK)
        below = gone[gone < len(item_UK)]
        item_UK[below], score_UK[below] = 0, 0.0
        fit_UC = None if heads.fit_UC is None else np.array(heads.fit_UC)
        if fit_UC is not None:
            fit_UC[below] = 1.0
        heads = Heads(item_UK, score_UK, heads.cold_C, fit_UC)
    return replace(
        trained,
        user_ids=[FORGOTTEN if is_gone else name for name, is_gone in zip(trained.user_ids, is_gone_U, strict=True)],
        histories=replace(
            histories,
            start_U=start_U,
            item_N=histories.item_N[kept_N],
            type_N=histories.type_N[kept_N],
            used_N=histories.used_N[kept_N],
            time_s_N=None if histories.time_s_N is None else histories.time_s_N[kept_N],
            value_N=None if histories.value_N is None else histories.value_N[kept_N],
        ),
        heads=heads,
    )
