"""Every member of every input: what the service model allows and no more (section 7), and every ARN (1.4)."""

from conformance.case import EXCEPTION, SERVICE_OF, Case, cases, errors_of, status_of
from conformance.model_bounds import at_the_bound, beyond
from conformance.valid import VALID
from conformance.world import World, refused

KIND_OF = {
    "resourceArn": "dataset-group",
    "datasetGroupArn": "dataset-group",
    "solutionVersionArn": "solution",
    "trackingId": "",
}


def kind_of(member: str) -> str:
    """The word of an ARN by the member that holds it: datasetGroupArn is a dataset-group."""
    words = "".join(f"-{each.lower()}" if each.isupper() else each for each in member.removesuffix("Arn"))
    return KIND_OF.get(member, words)


def nowhere(member: str) -> str:
    """A well-formed ARN of nothing, for that member."""
    if member in ("recipeArn", "algorithmArn", "featureTransformationArn"):
        return f"arn:aws:personalize:::{kind_of(member)}/no-such"
    return f"$no.{kind_of(member)}" + ("/0123abcd" if member == "solutionVersionArn" else "")


ARNS = [(name, member) for name in VALID for member in VALID[name] if member.endswith("Arn") and member != "roleArn"]


@cases(beyond())
def test_what_the_service_model_does_not_allow_is_refused(world: World, case: Case) -> None:
    path, requests = case.more
    member = [step for step in path if isinstance(step, str)][-1]
    for request in requests:
        status, found = world.send(case.operation, world.filled(request))
        assert found.get("__type") == case.error, (request, found)
        assert status == 400
        assert member in found["message"]
        assert len(found["message"]) < 2000


@cases(at_the_bound())
def test_what_the_service_model_just_allows_is_no_violation(world: World, case: Case) -> None:
    path, request = case.more
    if len(path) == 1 and path[0].endswith("Arn") and path[0] != "roleArn":  # of its own type
        request = {**request, path[0]: world.filled(nowhere(path[0])).ljust(256, "a")}
    for member in VALID[case.operation]:
        if member.endswith("Arn") and member not in ("roleArn", path[0]) and member in request:
            request = {**request, member: nowhere(member)}
    if case.operation == "PutActionInteractions" and path[0] != "trackingId":
        request = {**request, "trackingId": "no-such"}
    status, found = world.send(case.operation, world.filled(request))
    if path == ("trackingId",) and case.operation == "PutEvents":
        assert "no event tracker" in found["message"] or found["__type"] == case.error
    else:
        assert status == 200 or found["__type"] == "ResourceNotFoundException", (request, found)


UNKNOWN = [
    Case(name, "1.4", f"{member} that names nothing is ResourceNotFound", EXCEPTION, {member: nowhere(member)})
    for name, member in ARNS
    if "ResourceNotFoundException" in errors_of(name)
]
OTHERS = [
    Case(name, "1.4", f"{member} of a resource of another type is ResourceNotFound", EXCEPTION, {member: other})
    for name, member in ARNS
    for other in ("$schema.Users" if kind_of(member) == "dataset-group" else "$group",)
    if "ResourceNotFoundException" in errors_of(name) and member != "resourceArn" and SERVICE_OF[name] == "personalize"
]


@cases(UNKNOWN)
def test_what_does_not_exist_is_not_found(world: World, case: Case) -> None:
    (arn,) = world.filled(list(case.changes.values()))
    status, found = world.send(case.operation, world.request(case))
    assert arn in refused((status, found), "ResourceNotFoundException")
    assert status == status_of(case.operation, "ResourceNotFoundException")


@cases(OTHERS)
def test_what_is_of_another_type_is_not_found(world: World, case: Case) -> None:
    (arn,) = world.filled(list(case.changes.values()))
    assert arn in refused(world.send(case.operation, world.request(case)), "ResourceNotFoundException")


LISTS = [
    Case(name, "4.4", f"{member} that names nothing gives an empty list", changes={member: nowhere(member)})
    for name, member in ARNS
    if name.startswith("List") and "ResourceNotFoundException" not in errors_of(name)
]


@cases(LISTS)
def test_a_list_below_what_does_not_exist_is_empty(world: World, case: Case) -> None:
    status, found = world.send(case.operation, world.request(case))
    assert status == 200, found
    assert list(found.values()) == [[]]
