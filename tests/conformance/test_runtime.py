"""Recommendations: the three operations of the runtime (runtime 1-13; filters 5-9, 11)."""

from typing import Any

from conformance.case import ABSENT, BEHAVIOUR, BOUNDARY, Case, case, cases, refusal
from conformance.world import World

GET, RANK, ACT = "GetRecommendations", "GetPersonalizedRanking", "GetActionRecommendations"


def promotion(**members: Any) -> dict[str, Any]:
    """A promotion, and the campaign that has it."""
    given = {"name": "p", "percentPromotedItems": 40, "filterArn": "$filter.genre", "filterValues": {"G": '"Comedy"'}}
    return {"promotions": [{name: value for name, value in (given | members).items() if value is not None}]}


TOO_MANY_COLUMNS = {"ITEMS": [f"C{place}" for place in range(11)]}
REFUSED = [
    refusal(GET, "runtime 2", "Neither campaignArn nor recommenderArn", "InvalidInput", campaignArn=ABSENT),
    refusal(GET, "runtime 2", "Both campaignArn and recommenderArn", "InvalidInput", recommenderArn="$recommender"),
    refusal(GET, "runtime 13", "userId missing for USER_PERSONALIZATION", "InvalidInput", userId=ABSENT),
    refusal(GET, "runtime 1", "An empty userId", "InvalidInput", userId=""),
    refusal(GET, "runtime 13", "itemId missing for RELATED_ITEMS", "InvalidInput", campaignArn="$campaign.sims"),
    refusal(GET, "runtime 1", "An empty itemId", "InvalidInput", campaignArn="$campaign.sims", itemId=""),
    refusal(GET, "runtime 2", "numResults is 500 at most", "InvalidInput", numResults=501),
    refusal(GET, "runtime 2", "numResults is 1 at least", "InvalidInput", numResults=0),
    refusal(
        GET,
        "runtime 2",
        "numResults is 50 at most with metadataColumns",
        "InvalidInput",
        campaignArn="$campaign.v2",
        numResults=51,
        metadataColumns={"ITEMS": ["TITLE"]},
    ),
    refusal(GET, "runtime 1", "Not for PERSONALIZED_RANKING", "InvalidInput", campaignArn="$campaign.ranking"),
    refusal(GET, "runtime 1", "Not for PERSONALIZED_ACTIONS", "InvalidInput", campaignArn="$campaign.actions"),
    refusal(GET, "runtime 13", "ARN of another resource type", "InvalidInput", campaignArn="$group"),
    refusal(GET, "runtime 12", "Unknown filterArn (404)", "ResourceNotFound", filterArn="$no.filter"),
    refusal(
        GET,
        "runtime 12",
        "Unknown recommenderArn (404)",
        "ResourceNotFound",
        campaignArn=ABSENT,
        recommenderArn="$no.recommender",
    ),
    refusal(
        GET,
        "filters 9",
        "A filter of another dataset group",
        "InvalidInput",
        campaignArn=ABSENT,
        recommenderArn="$recommender",
        filterArn="$filter.watched",
    ),
    refusal(GET, "filters 9", "A UserID filter is only for segment jobs", "InvalidInput", filterArn="$filter.users"),
    refusal(GET, "filters 9", "An ActionID filter is only for actions", "InvalidInput", filterArn="$filter.valuable"),
    refusal(GET, "filters 9", "CurrentItem only with RELATED_ITEMS", "InvalidInput", filterArn="$filter.near"),
    refusal(GET, "filters 6", "INCLUDE needs values for its parameters", "InvalidInput", filterArn="$filter.genre"),
    refusal(
        GET,
        "filters 6",
        "A parameter in another case counts as missing",
        "InvalidInput",
        filterArn="$filter.genre",
        filterValues={"g": '"Drama"'},
    ),
    refusal(
        GET,
        "filters 9",
        "Interactions filters need userId also where the recipe does not",
        "InvalidInput",
        campaignArn="$campaign.popular",
        userId=ABSENT,
        filterArn="$filter.watched",
    ),
    refusal(
        GET, "runtime 6", "metadataColumns needs metadata enabled", "InvalidInput", metadataColumns={"ITEMS": ["TITLE"]}
    ),
    refusal(
        GET,
        "runtime 6",
        "Unknown metadata column",
        "InvalidInput",
        campaignArn="$campaign.v2",
        metadataColumns={"ITEMS": ["NOPE"]},
    ),
    refusal(
        GET,
        "runtime 6",
        "metadataColumns of other datasets",
        "InvalidInput",
        campaignArn="$campaign.v2",
        metadataColumns={"USERS": ["AGE"]},
    ),
    refusal(
        GET,
        "runtime 2",
        "metadataColumns has 10 columns at most",
        "InvalidInput",
        campaignArn="$campaign.v2",
        metadataColumns=TOO_MANY_COLUMNS,
    ),
    refusal(GET, "filters 11", "A promotion without filterArn", "InvalidInput", **promotion(filterArn=None)),
    refusal(GET, "filters 11", "A promotion without percent", "InvalidInput", **promotion(percentPromotedItems=None)),
    refusal(
        GET, "filters 11", "A promotion with an unknown filter", "ResourceNotFound", **promotion(filterArn="$no.filter")
    ),
    refusal(
        GET, "filters 11", "A promotion whose filter lacks a value", "InvalidInput", **promotion(filterValues=None)
    ),
    refusal(RANK, "runtime 3", "An empty inputList", "InvalidInput", inputList=[]),
    refusal(RANK, "runtime 3", "inputList has 500 at most", "InvalidInput", inputList=["i1"] * 501),
    refusal(RANK, "runtime 1", "An empty userId", "InvalidInput", userId=""),
    refusal(RANK, "runtime 1", "Only PERSONALIZED_RANKING", "InvalidInput", campaignArn="$campaign.up"),
    refusal(RANK, "runtime 1", "Not RELATED_ITEMS", "InvalidInput", campaignArn="$campaign.sims"),
    refusal(RANK, "runtime 13", "ARN of another resource type", "InvalidInput", campaignArn="$group"),
    refusal(RANK, "runtime 12", "Unknown filterArn (404)", "ResourceNotFound", filterArn="$no.filter"),
    refusal(RANK, "filters 6", "INCLUDE needs values for its parameters", "InvalidInput", filterArn="$filter.genre"),
    refusal(RANK, "runtime 6", "metadata not enabled", "InvalidInput", metadataColumns={"ITEMS": ["TITLE"]}),
    refusal(ACT, "runtime 4", "campaignArn is needed", "InvalidInput", campaignArn=ABSENT),
    refusal(ACT, "runtime 4", "userId is needed", "InvalidInput", userId=ABSENT),
    refusal(ACT, "runtime 4", "numResults is 100 at most", "InvalidInput", numResults=101),
    refusal(ACT, "runtime 4", "numResults is 1 at least", "InvalidInput", numResults=0),
    refusal(ACT, "runtime 1", "Only PERSONALIZED_ACTIONS", "InvalidInput", campaignArn="$campaign.up"),
    refusal(ACT, "runtime 4", "Only ActionID filters", "InvalidInput", filterArn="$filter.watched"),
    refusal(ACT, "runtime 12", "Unknown filterArn (404)", "ResourceNotFound", filterArn="$no.filter"),
    refusal(ACT, "filters 6", "INCLUDE needs values for its parameters", "InvalidInput", filterArn="$filter.valuable"),
]


@cases(REFUSED)
def test_what_cannot_be_is_refused(world: World, case: Case) -> None:
    world.refuses(case)


def ids(answer: dict[str, Any]) -> list[str]:
    """The ids of a list, in order."""
    listed = answer.get("itemList") or answer.get("personalizedRanking") or answer.get("actionList") or []
    return [each.get("itemId") or each.get("actionId") for each in listed]


def scores(answer: dict[str, Any]) -> list[float]:
    """The scores of a list, in order."""
    listed = answer.get("itemList") or answer.get("personalizedRanking") or answer.get("actionList") or []
    return [each["score"] for each in listed if "score" in each]


def ordinary(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The entries but new items that a v2 campaign explores by itself, at one place of a thousand."""
    return [entry for entry in answer["itemList"] if entry.get("reason") != ["Exploration"]]


def members(answer: dict[str, Any]) -> set[str]:
    """Which members the entries have."""
    (listed,) = [value for value in answer.values() if isinstance(value, list)]
    return {name for each in listed for name in each}


def even(found: list[str]) -> bool:
    """Whether all of them are items of an even number: the dramas."""
    return bool(found) and all(int(each[1:]) % 2 == 0 for each in found)


COMEDIES = {"filterArn": "$filter.genre", "filterValues": {"G": '"Comedy"'}}
DRAMAS = {"filterArn": "$filter.genre", "filterValues": {"G": '"Drama"'}}
MIXED = ["i4", "i9", "brand-new", "i2"]
SOME = {"metadataColumns": {"ITEMS": ["TITLE", "PRICE", "GENRES", "NUM_RATINGS", "PLOT"]}}
SIMS = {"campaignArn": "$campaign.sims", "itemId": "i2"}
POPULAR = {"campaignArn": "$campaign.popular", "userId": ABSENT}
V2 = {"campaignArn": "$campaign.v2"}
RECOMMENDED = {"campaignArn": ABSENT, "recommenderArn": "$recommender"}

# section, sentence, changes to the request, what the answer fulfils
ANSWERS: dict[str, list[tuple[str, str, dict[str, Any], Any]]] = {
    GET: [
        (
            "runtime 5",
            "The answer is itemList and recommendationId",
            {},
            lambda a: set(a) == {"itemList", "recommendationId"},
        ),
        ("runtime 2", "numResults is 25 by default", {}, lambda a: len(ids(a)) == 25),
        ("runtime 2", "numResults bounds the list", {"numResults": 3}, lambda a: len(ids(a)) == 3),
        ("runtime 2", "numResults may be 1", {"numResults": 1}, lambda a: len(ids(a)) == 1),
        (
            "runtime 2",
            "numResults may be 500; fewer come when there are fewer",
            {"numResults": 500},
            lambda a: len(ids(a)) == 40,
        ),
        ("runtime 5", "Entries are different items", {}, lambda a: len(set(ids(a))) == 25),
        ("runtime 5", "UP has scores", {}, lambda a: members(a) == {"itemId", "score"}),
        ("runtime 9", "Score descending", {}, lambda a: scores(a) == sorted(scores(a), reverse=True)),
        ("runtime 5", "Scores are rounded to 7 decimals", {}, lambda a: all(round(s, 7) == s for s in scores(a))),
        (
            "runtime 8",
            "RID- and an identifier, 40 characters at most",
            {},
            lambda a: a["recommendationId"].startswith("RID-") and len(a["recommendationId"]) <= 40,
        ),
        ("runtime 12", "An unknown userId is no error", {"userId": "nobody"}, lambda a: len(ids(a)) == 25),
        ("runtime 5", "sims has no scores", SIMS, lambda a: members(a) == {"itemId"}),
        ("runtime 2", "The query item is not in the list", {**SIMS, "numResults": 500}, lambda a: "i2" not in ids(a)),
        ("runtime 12", "An unknown itemId gives popular items", {**SIMS, "itemId": "nothing"}, lambda a: ids(a)),
        ("runtime 2", "userId is not needed for related items", {**SIMS, "userId": ABSENT}, lambda a: ids(a)),
        ("runtime 2", "Popular items need neither user nor item", POPULAR, lambda a: len(ids(a)) == 25),
        ("runtime 5", "Popular items have no scores", POPULAR, lambda a: members(a) == {"itemId"}),
        ("runtime 2", "itemId is ignored elsewhere", {"itemId": "i1"}, lambda a: len(ids(a)) == 25),
        ("recipes 5", "A recommender answers without scores", RECOMMENDED, lambda a: members(a) == {"itemId"}),
        ("filters 5", "INCLUDE lets matching candidates through", DRAMAS, lambda a: even(ids(a))),
        (
            "filters 1",
            "The filter takes from candidates: the list is filled",
            {**DRAMAS, "numResults": 20},
            lambda a: len(ids(a)) == 20,
        ),
        ("filters 5", "A filtered list may be short", {**DRAMAS, "numResults": 500}, lambda a: len(ids(a)) == 20),
        (
            "filters 6",
            "A value may be an unquoted word",
            {"filterArn": "$filter.genre", "filterValues": {"G": "Drama"}},
            lambda a: even(ids(a)),
        ),
        (
            "filters 6",
            "Several values are separated by commas",
            {"filterArn": "$filter.genre", "filterValues": {"G": '"Drama","Comedy"'}, "numResults": 40},
            lambda a: len(ids(a)) == 40,
        ),
        (
            "filters 3",
            "Values are matched exactly",
            {"filterArn": "$filter.genre", "filterValues": {"G": '"drama"'}},
            lambda a: ids(a) == [],
        ),
        (
            "filters 6",
            "EXCLUDE without its values is ignored",
            {"filterArn": "$filter.not_genre"},
            lambda a: len(ids(a)) == 25,
        ),
        (
            "filters 5",
            "EXCLUDE takes candidates away",
            {"filterArn": "$filter.not_genre", "filterValues": {"G": '"Comedy"'}},
            lambda a: even(ids(a)),
        ),
        (
            "filters 6",
            "Values of unknown parameters are ignored",
            {**DRAMAS, "filterValues": {"G": '"Drama"', "OTHER": "1"}},
            lambda a: even(ids(a)),
        ),
        (
            "filters 6",
            "filterValues without filterArn are ignored",
            {"filterValues": {"G": "1"}},
            lambda a: len(ids(a)) == 25,
        ),
        (
            "filters 5",
            "IF true: the expression holds (u0 is 10)",
            {"userId": "u0", "filterArn": "$filter.minors", "numResults": 500},
            lambda a: len(ids(a)) == 20,
        ),
        (
            "filters 5",
            "IF false: the expression is skipped (u20 is 30)",
            {"userId": "u20", "filterArn": "$filter.minors", "numResults": 500},
            lambda a: len(ids(a)) == 40,
        ),
        (
            "filters 5",
            "IF about an unknown user is skipped",
            {"userId": "nobody", "filterArn": "$filter.minors", "numResults": 500},
            lambda a: len(ids(a)) == 40,
        ),
        ("filters 9", "CurrentItem with RELATED_ITEMS", {**SIMS, "filterArn": "$filter.near"}, lambda a: even(ids(a))),
        (
            "filters 5",
            "Interactions: what the user watched is hidden",
            {"filterArn": "$filter.watched", "userId": "u0", "numResults": 500},
            lambda a: 0 < len(ids(a)) < 40,
        ),
        ("runtime 10", "Unknown context keys are ignored", {"context": {"NOPE": "1"}}, lambda a: len(ids(a)) == 25),
        (
            "runtime 10",
            "Unknown context values act as missing",
            {"context": {"DEVICE": "fridge"}},
            lambda a: len(ids(a)) == 25,
        ),
        (
            "runtime 6",
            "A v2 campaign has metadata always, as strings",
            {**V2, **SOME},
            lambda a: all(isinstance(v, str) for e in a["itemList"] for v in e["metadata"].values()),
        ),
        ("runtime 6", "Every entry has metadata", {**V2, **SOME}, lambda a: all(e["metadata"] for e in ordinary(a))),
        (
            "runtime 6",
            "Multi-valued categories keep |",
            {**V2, **SOME, **DRAMAS},
            lambda a: (
                {e["metadata"].get("genres", e["metadata"].get("GENRES")) for e in a["itemList"]} == {"Drama|Crime"}
            ),
        ),
        (
            "runtime 6",
            "The key of the map in any case",
            {**V2, "metadataColumns": {"Items": ["TITLE"]}},
            lambda a: all(e["metadata"] for e in ordinary(a)),
        ),
        ("runtime 2", "50 results with metadata", {**V2, **SOME, "numResults": 50}, lambda a: len(ordinary(a)) == 40),
        (
            "filters 11",
            "Only promoted items carry promotionName",
            {**promotion(), "numResults": 10},
            lambda a: sum("promotionName" in e for e in a["itemList"]) == 4,
        ),
        (
            "filters 11",
            "Promoted items pass the promotion filter",
            {**promotion(), "numResults": 10},
            lambda a: not any(even([e["itemId"]]) for e in a["itemList"] if "promotionName" in e),
        ),
        (
            "filters 11",
            "The request filter applies to the others only",
            {**promotion(), **DRAMAS, "numResults": 10},
            lambda a: even([e["itemId"] for e in a["itemList"] if "promotionName" not in e]),
        ),
        (
            "filters 11",
            "The list has no repeated items",
            {**promotion(), "numResults": 10},
            lambda a: len(set(ids(a))) == 10,
        ),
        (
            "filters 11",
            "At least 1 is promoted",
            {**promotion(percentPromotedItems=1), "numResults": 10},
            lambda a: sum("promotionName" in e for e in a["itemList"]) == 1,
        ),
        (
            "filters 11",
            "100 percent",
            {**promotion(percentPromotedItems=100), "numResults": 10},
            lambda a: all("promotionName" in e for e in a["itemList"]),
        ),
        (
            "runtime 7",
            "With v2 recipes promoted items have the reason Promoted item",
            {**V2, **promotion(), "numResults": 10},
            lambda a: all(e["reason"] == ["Promoted item"] for e in a["itemList"] if "promotionName" in e),
        ),
        (
            "filters 11",
            "Related items can be promoted",
            {**SIMS, **promotion(), "numResults": 10},
            lambda a: any("promotionName" in e for e in a["itemList"]),
        ),
        (
            "filters 11",
            "Popular items can be promoted",
            {**POPULAR, **promotion(), "numResults": 10},
            lambda a: any("promotionName" in e for e in a["itemList"]),
        ),
    ],
    RANK: [
        (
            "runtime 5",
            "The answer is personalizedRanking and recommendationId",
            {},
            lambda a: set(a) == {"personalizedRanking", "recommendationId"},
        ),
        ("runtime 3", "All input items", {"inputList": MIXED}, lambda a: sorted(ids(a)) == sorted(MIXED)),
        (
            "runtime 3",
            "Scores of the known items sum to 1",
            {"inputList": MIXED},
            lambda a: abs(sum(scores(a)) - 1) < 1e-5,
        ),
        ("runtime 3", "Best first", {"inputList": MIXED}, lambda a: scores(a) == sorted(scores(a), reverse=True)),
        (
            "runtime 3",
            "Unknown items at the end, without a score",
            {"inputList": MIXED},
            lambda a: a["personalizedRanking"][-1] == {"itemId": "brand-new"},
        ),
        (
            "runtime 3",
            "Unknown items keep the input order",
            {"inputList": ["x2", "i1", "x1"]},
            lambda a: ids(a) == ["i1", "x2", "x1"],
        ),
        (
            "runtime 3",
            "Duplicate ids come once",
            {"inputList": ["i1", "i1", "i2"]},
            lambda a: sorted(ids(a)) == ["i1", "i2"],
        ),
        ("runtime 3", "An unknown user is allowed", {"userId": "nobody"}, lambda a: len(ids(a)) == 2),
        (
            "runtime 3",
            "500 input items are allowed",
            {"inputList": [f"i{n}" for n in range(500)]},
            lambda a: len(ids(a)) == 500,
        ),
        ("filters 9", "Excluded items are dropped", {"inputList": ["i1", "i2"], **DRAMAS}, lambda a: ids(a) == ["i2"]),
        (
            "runtime 12",
            "All filtered out: an empty list",
            {"inputList": ["i1", "i3"], **DRAMAS},
            lambda a: a["personalizedRanking"] == [],
        ),
        ("runtime 8", "RID-", {}, lambda a: a["recommendationId"].startswith("RID-")),
    ],
    ACT: [
        (
            "runtime 4",
            "The answer is actionList and recommendationId",
            {},
            lambda a: set(a) == {"actionList", "recommendationId"},
        ),
        ("runtime 4", "Entries are actionId and score", {}, lambda a: members(a) == {"actionId", "score"}),
        ("runtime 4", "Descending by score", {}, lambda a: scores(a) == sorted(scores(a), reverse=True)),
        ("runtime 4", "A score is a probability", {}, lambda a: all(0 <= score <= 1 for score in scores(a))),
        ("runtime 4", "numResults bounds the list", {"numResults": 1}, lambda a: len(ids(a)) == 1),
        ("runtime 4", "numResults may be 100", {"numResults": 100}, lambda a: 1 <= len(ids(a)) <= 3),
        ("runtime 12", "An unknown user is no error", {"userId": "nobody"}, lambda a: len(ids(a)) == 3),
        (
            "filters 9",
            "ActionID filters",
            {"userId": "nobody", "filterArn": "$filter.valuable", "filterValues": {"V": "2"}},
            lambda a: set(ids(a)) == {"join", "offer"},
        ),
        (
            "filters 6",
            "A number may be quoted",
            {"userId": "nobody", "filterArn": "$filter.valuable", "filterValues": {"V": '"4"'}},
            lambda a: ids(a) == ["join"],
        ),
        ("runtime 8", "RID-", {}, lambda a: a["recommendationId"].startswith("RID-")),
    ],
}


@cases(
    [
        Case(name, section, says, BOUNDARY if " may be " in says else BEHAVIOUR, changes, more=check)
        for name, rows in ANSWERS.items()
        for section, says, changes, check in rows
    ]
)
def test_an_answer_is_as_documented(world: World, case: Case) -> None:
    answer = world.call(case.operation, **case.changes)
    assert case.more(answer), answer


@cases(
    [
        Case(GET, "runtime 9", "Same model, same history, no exploration: the same list", changes=SIMS),
        Case(RANK, "runtime 9", "Same model, same history: the same list"),
        Case(ACT, "runtime 9", "Same model, same history: the same list"),
    ]
)
def test_the_same_question_has_the_same_answer(world: World, case: Case) -> None:
    one, other = (world.call(case.operation, **case.changes) for _ in range(2))
    assert ids(one) == ids(other)
    assert one["recommendationId"] != other["recommendationId"]


@case(GET, "runtime 11", "Events of the user influence the next calls")
def test_an_event_changes_the_list(world: World) -> None:
    user = world.name("user")
    before = ids(world.call(GET, userId=user, numResults=40))
    sent = [{"eventType": "watch", "itemId": f"i{2 * n + 1}", "sentAt": 1_800_000_000 + n} for n in range(5)]
    world.call("PutEvents", userId=user, eventList=sent)
    assert world.eventually(lambda: ids(world.call(GET, userId=user, numResults=40)) != before)


@case(GET, "filters 7", "PutEvents are visible to filters")
def test_an_event_hides_an_item(world: World) -> None:
    user = world.name("user")
    world.call("PutEvents", userId=user, eventList=[{"eventType": "WATCH", "itemId": "i6", "sentAt": 1_800_000_000}])
    ask = {"userId": user, "filterArn": "$filter.watched", "numResults": 500}
    assert world.eventually(lambda: "i6" not in ids(world.call(GET, **ask)))


@case(GET, "datasets 9", "Recommendations for a visitor: the sessionId in the userId member")
def test_a_session_is_a_user(world: World) -> None:
    session = world.name("session")
    event = {"eventType": "watch", "itemId": "i8", "sentAt": 1_800_000_000}
    world.call("PutEvents", userId=ABSENT, sessionId=session, eventList=[event])
    ask = {"userId": session, "filterArn": "$filter.watched", "numResults": 500}
    assert world.eventually(lambda: "i8" not in ids(world.call(GET, **ask)))
