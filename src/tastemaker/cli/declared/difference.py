"""The difference between what is wanted and what there is, as steps: decided here, carried out elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tastemaker.cli.account import IN_A_GROUP, Found, changing
from tastemaker.cli.declared.columns import change, dataset_of
from tastemaker.cli.declared.comparing import differences, is_in_place, merged, update
from tastemaker.cli.declared.existing import Existing
from tastemaker.cli.declared.replacing import with_what_is_in_the_way
from tastemaker.cli.declared.steps import Action, Key, Request, Step, Wanted, resolved

GROWING = ("items", "users")  # UpdateDataset takes no others
NOTHING: Request = {}
ALONE = ("event_tracker", "metric_attribution")  # a group has one at most, whatever its name


@dataclass
class View:
    """What is known when a resource has its turn: what there is, the steps so far, and ARNs that will stay."""

    existing: Existing
    steps: list[Step] = field(default_factory=list)
    arns: dict[Key, str] = field(default_factory=dict)

    def step(self, kind: str, name: str) -> Step:
        """What was decided about a resource that had its turn before."""
        return next(each for each in self.steps if each.key == (kind, name))


def difference(wanted: Sequence[Wanted], existing: Existing) -> list[Step]:
    """One step for each resource that is wanted, in their order, and one for each that there is besides."""
    view = View(existing)
    special = {"schema": _schema, "dataset": _dataset, "dataset_import_job": _job, "solution_version": _version}
    for each in wanted:
        step = special.get(each.kind, _compared)(each, view)
        if step.action in ("unchanged", "update", "await"):
            view.arns[step.key] = step.arn
        view.steps.append(step)
    named = {step.arn for step in view.steps}
    others = [each for kind in (*IN_A_GROUP, "campaign") for each in existing.of(kind) if each.arn not in named]
    view.steps += [Step("other", each.kind, each.name, each.arn) for each in others]
    return with_what_is_in_the_way(view.steps, existing)


def _compared(each: Wanted, view: View) -> Step:
    """A resource that is known by its name, or by being the only one of its kind."""
    alone = view.existing.of(each.kind) if each.kind in ALONE else []
    found = alone[0] if alone else view.existing.get(*each.key)
    if found is None:
        return _created(each, view)
    if unsettled := _unsettled(each, found):
        return unsettled
    if each.kind == "metric_attribution":
        return _attribution(each, found)
    request = resolved(each.request, view.arns)
    if each.kind == "dataset_group":
        request = {"domain": None, **request}  # no domain is said by saying nothing
    differing = differences(request, found.body)
    fixed = [one for one in differing if not is_in_place(each.kind, one)]
    text = "; ".join(str(one) for one in differing)
    if fixed and each.kind == "dataset_group":
        fix = f"Delete the group with `tastemaker down --group {each.name}`, or choose another name."
        return _step("refuse", each, found, f"{text}. A dataset group cannot be changed. {fix}")
    if fixed:
        return replace(_step("replace", each, found, text), is_costly=True)
    if differing:
        change_it = update(each.kind, request, found.body, differing)
        return _with_tags(_step("update", each, found, text, change_it), each, found)
    return _with_tags(_step("unchanged", each, found), each, found)


def _created(each: Wanted, view: View) -> Step:
    if each.key in view.existing.elsewhere:
        reason = "another dataset group has one of that name, and names are unique in an account. Choose another."
        return Step("refuse", *each.key, reason=reason)
    return Step("create", *each.key, create=each.request)


def _schema(each: Wanted, view: View) -> Step:
    """A text that nobody can change: the dataset's own if it says the same, else one by that name, else a new one."""
    dataset = view.existing.get("dataset", dataset_of(each.request["schema"]))
    if dataset and change(dataset.body["schema"], each.request["schema"]) is None:
        return Step("unchanged", *each.key, arn=dataset.body["schemaArn"])
    if arn := (view.existing.schemas or {}).get(each.name):
        return Step("unchanged", *each.key, arn=arn)
    return Step("create", *each.key, create=each.request)


def _dataset(each: Wanted, view: View) -> Step:
    found = view.existing.get(*each.key)
    if found is None:
        return Step("create", *each.key, create=each.request)
    if unsettled := _unsettled(each, found):
        return unsettled
    differs = change(found.body["schema"], each.needs["schema"])
    if differs is None:
        return _with_tags(_step("unchanged", each, found), each, found)
    reason = f"schema {differs.text}"
    if differs.is_growth and each.name in GROWING:
        request = {"schemaArn": each.request["schemaArn"]}
        return _with_tags(_step("update", each, found, reason, request), each, found)
    return replace(_step("replace", each, found, f"{reason}; all its records go"), is_costly=True)


def _job(each: Wanted, view: View) -> Step:
    """The newest full import since the dataset is as it is; later incremental ones add to it."""
    dataset = view.existing.get("dataset", each.request["datasetArn"].name)
    create = Step("create", *each.key, reason=f"from {each.request['dataSource']['dataLocation']}", create=each.request)
    if dataset is None or (step := view.step(*dataset.key)).action == "replace" or step.update:
        return create
    latest = dataset.body.get("latestDatasetUpdate", dataset.body)
    since = max(dataset.body["creationDateTime"], latest["creationDateTime"])
    jobs = sorted(
        (one for one in view.existing.of("dataset_import_job") if one.body["datasetArn"] == dataset.arn),
        key=lambda one: one.body["creationDateTime"],
    )
    full = [
        one for one in jobs if one.body["creationDateTime"] >= since and one.body.get("importMode") != "INCREMENTAL"
    ]
    counting = [one for one in full if one.body["status"] != "CREATE FAILED"]  # what failed has changed nothing
    if counting and counting[-1].name.startswith(f"{each.name}-"):
        status = changing(counting[-1].body)
        return _step("await" if status else "unchanged", each, counting[-1], f"it is {status}" if status else "")
    if full and full[-1].name.startswith(f"{each.name}-"):
        return replace(create, reason=f"{create.reason}; the last one failed: {full[-1].body.get('failureReason')}")
    return replace(create, reason=f"{create.reason}; the data changed") if counting else create


def _version(each: Wanted, view: View) -> Step:
    """The newest version that was trained as the file says, on datasets that are still there."""
    datasets = [step for step in view.steps if step.kind == "dataset"]
    create = Step("create", *each.key, create=each.request)
    if view.step("solution", each.name).action in ("create", "replace", "refuse"):
        return create
    if new := [step.name for step in datasets if step.action in ("create", "replace")]:
        return replace(create, reason=f"{', '.join(new)} will be new")
    made = [found.body["creationDateTime"] for step in datasets if (found := view.existing.get(*step.key))]
    versions = sorted(
        (one for one in view.existing.of("solution_version") if one.name == each.name),
        key=lambda one: one.body["creationDateTime"],
        reverse=True,
    )
    fitting = [one for one in versions if not differences(each.needs, one.body, "version")]
    fitting = [
        one for one in fitting if one.body["creationDateTime"] >= max(made, default=one.body["creationDateTime"])
    ]
    for one in fitting:
        if one.body["status"] == "ACTIVE":
            return _step("unchanged", each, one)
        if status := changing(one.body):
            return _step("await", each, one, f"it is {status}")
    if not versions:
        return create
    newest = versions[0]
    if newest in fitting:
        return replace(create, reason=f"the last one is {newest.body['status']}: {newest.body.get('failureReason')}")
    told = "; ".join(str(one) for one in differences(each.needs, newest.body, "version"))
    return replace(create, reason=told or "a dataset is newer")


def _attribution(each: Wanted, found: Found) -> Step:
    """The metrics are those of the file, and no others; a changed one is removed and added in one update."""
    wanted = {metric["metricName"]: metric for metric in each.request["metrics"]}
    there = {metric["metricName"]: metric for metric in found.body["metrics"]}
    new = [metric for name, metric in wanted.items() if not _measures_the_same(metric, there.get(name))]
    old = [name for name, metric in there.items() if not _measures_the_same(metric, wanted.get(name))]
    output, written = each.request["metricsOutputConfig"], found.body["metricsOutputConfig"]
    differing = differences(output, written, "metricsOutputConfig")
    request = {
        **({"addMetrics": new} if new else {}),
        **({"removeMetrics": old} if old else {}),
        **({"metricsOutputConfig": merged(written, output)} if differing else {}),
    }
    reasons = [f"- {name}" for name in old] + [f"+ {metric['metricName']}" for metric in new]
    action: Action = "update" if request else "unchanged"
    return _step(action, each, found, "; ".join(reasons + [str(one) for one in differing]), request)


def _measures_the_same(metric: Request, other: Request | None) -> bool:
    """Columns are one whatever their case and underscores, and the service may write them as the schema does."""
    texts = [
        [str(each[name]).replace(" ", "").replace("_", "").lower() for name in ("eventType", "expression")]
        for each in (metric, other or metric)
    ]
    return other is not None and texts[0] == texts[1]


def _unsettled(each: Wanted, found: Found) -> Step | None:
    """What is in work, or came to nothing."""
    if status := changing(found.body):
        return _step("await", each, found, f"it is {status}")
    if found.body["status"] == "CREATE FAILED":
        # Nothing that serves or was learnt is lost with it, so nobody has to allow it.
        return _step("replace", each, found, f"it is CREATE FAILED: {found.body.get('failureReason')}")
    return None


def _step(action: Action, each: Wanted, found: Found, reason: str = "", request: Request = NOTHING) -> Step:
    return Step(action, *each.key, arn=found.arn, reason=reason, create=each.request, update=request)


def _with_tags(step: Step, each: Wanted, found: Found) -> Step:
    """The step, with the tags that are missing or have another value."""
    there = found.body.get("tags", {})
    wanted = {tag["tagKey"]: tag["tagValue"] for tag in each.request.get("tags", ())}
    missing = {key: value for key, value in wanted.items() if there.get(key) != value}
    if not missing:
        return step
    reasons = [*filter(None, [step.reason]), *(f"tag {key}: {value}" for key, value in missing.items())]
    return replace(step, action="update", reason="; ".join(reasons), tags=missing)
