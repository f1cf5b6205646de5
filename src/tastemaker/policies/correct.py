"""The smallest document that allows what a job needs: the one that was given, with what is missing in it.

A statement is extended by the one element that it lacks, and only if it is about nothing but what is needed;
otherwise one more statement says it. So no correction gives anybody an action that was not asked for.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from tastemaker.policies.document import (
    SERVICE,
    SOURCE_ARN,
    VERSIONS,
    Condition,
    PolicyError,
    Rules,
    Statement,
    understood,
)
from tastemaker.policies.evaluate import Need, Verdict, context, like_arn, met, misses, verdict

Document = dict[str, Any]
NAME = "PersonalizeS3BucketAccessPolicy"  # as in the service's own example
ORDER = ("Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition")


def sufficient(needs: Sequence[Need], rules: Rules) -> Document:
    """A document that allows this and nothing else, in the form of the service's own examples."""
    if rules.arn is None:
        return {"Version": VERSIONS[0], "Statement": [_statement(needs, rules)]}
    return {"Version": VERSIONS[0], "Id": NAME, "Statement": [{"Sid": NAME} | _statement(needs, rules)]}


def corrected(document: Document | None, needs: Sequence[Need], rules: Rules) -> Document:
    """A document that allows all of this, as near to the given one as can be."""
    found = _readable(document, needs, rules) if document is not None else None
    if found is None:
        return sufficient(needs, rules)
    for _ in range(len(needs) + len(json.dumps(found))):  # each round answers a need, or takes a string away
        policy = understood(found, rules)
        refused = [each for each in (verdict(policy, need) for need in needs) if not each.allowed]
        if not refused:
            return found
        statements = found["Statement"] = _list(found["Statement"])
        denied = next((each for each in refused if each.statement and not each.statement.allows), None)
        if denied is not None:
            _lift(statements, denied)
            found["Statement"] = statements or [_statement(needs, rules)]
        elif not any(_extend(statements, each.need, needs, rules) for each in refused):
            statements.append(_statement([each.need for each in refused], rules))
    return sufficient(needs, rules)


def _statement(needs: Sequence[Need], rules: Rules) -> Document:
    """One statement for all of these."""
    actions = _plain(sorted({need.action for need in needs}))
    found = {"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": actions}
    return found if rules.arn is None else found | {"Resource": _plain(dict.fromkeys(need.grant for need in needs))}


def _readable(document: Document, needs: Sequence[Need], rules: Rules) -> Document | None:
    """A copy of the document, with the elements that no policy can be without; None if it cannot be read all the same.

    Who knows what a broken statement was meant to say? It is completed only if all that it says is needed.
    """
    copy: Document = json.loads(json.dumps(document))
    wanted = _statement(needs, rules)
    statements = copy.get("Statement") or [wanted]
    completed = [_completed(each, wanted) if isinstance(each, dict) else each for each in _list(statements)]
    for candidate in (copy, copy | {"Statement": completed}):
        try:
            understood(candidate, rules)
        except PolicyError:
            continue
        return candidate
    return None


def _completed(statement: Document, wanted: Document) -> Document:
    lacking = {
        name: value
        for name, value in wanted.items()
        if f"Not{name}" not in statement and not _says_something(statement.get(name))
    }
    joined = statement | lacking
    says_only_what_is_wanted = (
        joined["Effect"] == "Allow"
        and _list(joined["Principal"].get("Service") if isinstance(joined["Principal"], dict) else None) == [SERVICE]
        and all(action in _list(wanted["Action"]) for action in _list(joined.get("Action")))
    )
    if not says_only_what_is_wanted:
        return statement
    return {name: joined[name] for name in sorted(joined, key=lambda name: ORDER.index(name) if name in ORDER else -1)}


def _says_something(value: Any) -> bool:
    """Whether an element is there, and more than an empty list or an object of empty lists."""
    return any(value.values()) if isinstance(value, dict) else bool(value)


def _lift(statements: list[Any], denied: Verdict) -> None:
    """Take the service or the action out of the statement that denies it, or else the statement out of the document."""
    assert denied.statement is not None
    raw = statements[denied.statement.place]
    actions = [each for each in denied.statement.actions if each.lower() != denied.need.action.lower()]
    if not denied.statement.everyone and (rest := _without_service(raw["Principal"])):
        raw["Principal"] = rest
    elif actions and len(actions) < len(denied.statement.actions) and not denied.statement.but_actions:
        raw["Action"] = _plain(actions)
    else:
        del statements[denied.statement.place]


def _without_service(principal: Document) -> Document:
    services = [each for each in _list(principal["Service"]) if each != SERVICE]
    rest = {kind: value for kind, value in principal.items() if kind != "Service"}
    return rest | {"Service": _plain(services)} if services else rest


def _extend(statements: list[Any], need: Need, needs: Sequence[Need], rules: Rules) -> bool:
    """Add what is missing to a statement that lacks one element alone; False if there is none to extend."""
    wanted = {each.action.lower() for each in needs}
    for place, statement in enumerate(understood({"Statement": statements}, rules).statements):
        about_more = statement.but_actions or statement.but_resources or statement.everyone
        if not statement.allows or about_more or not wanted >= {action.lower() for action in statement.actions}:
            continue
        candidate = statements[place] | _missing_element(statements[place], statement, need)
        if verdict(understood({"Statement": candidate}, rules), need).allowed:
            statements[place] = candidate
            return True
    return False


def _missing_element(raw: Document, statement: Statement, need: Need) -> Document:
    """The one element that a statement lacks for a need, as it should be; nothing if it lacks more."""
    missing = misses(statement, need)
    principal = raw["Principal"]
    if missing == ("Principal",):
        return {"Principal": principal | {"Service": _plain([*statement.services, SERVICE])}}
    if statement.services != (SERVICE,) or len(principal) > 1:
        return {}  # what is added would be for others, too
    if missing == ("Action",):
        return {"Action": [*statement.actions, need.action]}
    if missing == ("Resource",):
        return {"Resource": [*statement.resources, need.grant]}
    if missing == ("Condition",):
        return {"Condition": _met(statement.conditions, need.source)}
    return {}


def _met(conditions: Iterable[Condition], source: str) -> Document:
    """The conditions, each with a value for this source if it had none."""
    found: dict[str, dict[str, Any]] = {}
    for condition in conditions:
        operator, values = condition.operator, list(condition.values)
        if not met(condition, source):
            if condition.key == SOURCE_ARN:
                # Compared as a string, a star in an ARN is a star: the usual mistake.
                operator = "ArnLike"
                if not any(like_arn(source, value) for value in values):
                    values.append(f"{':'.join(source.split(':')[:5])}:*")
            else:
                values.append(context(source)[condition.key])
        known = _list(found.setdefault(operator, {}).get(condition.key, []))
        found[operator][condition.key] = _plain([*known, *values])
    return found


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]


def _plain(values: Iterable[str]) -> Any:
    """As people write it: instead of a list of one, the one."""
    listed = list(values)
    return listed[0] if len(listed) == 1 else listed
