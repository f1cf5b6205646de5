"""Filters: the expressions that CreateFilter takes and refuses (filters 2-6, 8, 12)."""

from conformance.case import BOUNDARY, Case, cases, refusal
from conformance.world import World

MANY = " OR ".join('Items.GENRES IN ("x")' for _ in range(300))
VALID_EXPRESSIONS = [
    'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")',
    'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch", "dislike")',
    'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")',
    'INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")',
    "INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($EVENTS)",
    'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE NOT IN ("watch")',
    'INCLUDE ItemID WHERE Items.GENRES IN ("Comedy", "Drama")',
    'EXCLUDE ItemID WHERE Items.GENRES IN ("Crime") AND Items.TITLE NOT IN ("new")',
    'EXCLUDE ItemID WHERE Items.GENRES NOT IN ("live", "sale")',
    "INCLUDE ItemID WHERE Items.PRICE <= $MAX",
    "INCLUDE ItemID WHERE Items.PRICE >= 5 AND Items.PRICE < 10",
    "INCLUDE ItemID WHERE Items.NUM_RATINGS = 1999 OR Items.NUM_RATINGS = 2001",
    "EXCLUDE ItemID WHERE Items.NUM_RATINGS != 2020",
    "INCLUDE ItemID WHERE Items.CREATION_TIMESTAMP > $SINCE",
    'INCLUDE ItemID WHERE Items.GENRES IN ($G) | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch")',
    'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch") | INCLUDE ItemID WHERE Items.GENRES IN ($G)',
    'EXCLUDE ItemID WHERE Items.GENRES IN ("Horror") IF CurrentUser.AGE < 18',
    'INCLUDE ItemID WHERE Items.GENRES IN ("premium") IF CurrentUser.PLAN = $P AND CurrentUser.AGE > 18',
    "EXCLUDE ItemID WHERE Items.GENRES IN ($G) IF CurrentUser.AGE = $AGE",
    "INCLUDE ItemID WHERE Items.GENRES IN CurrentItem.GENRES",
    "INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE AND Items.CREATION_TIMESTAMP > $SINCE",
    'exclude itemid where ITEMS.genres in ("Crime")',
    "INCLUDE UserID WHERE Users.PLAN IN ($PLAN)",
    "EXCLUDE UserID WHERE Users.AGE < 18",
    'INCLUDE UserID WHERE Interactions.EVENT_TYPE IN ("click", "rating")',
    'EXCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ("NOT_TAKEN")',
    "INCLUDE ActionID WHERE Actions.VALUE > ($V)",
    "EXCLUDE ActionID WHERE Actions.CATEGORY IN ($C) | INCLUDE ActionID WHERE Actions.VALUE >= 3",
    "EXCLUDE ActionID WHERE Actions.VALUE < ($V) IF CurrentUser.PLAN = $P",
    "INCLUDE ItemID\n  WHERE Items.GENRES\n  IN ( $G )",
]
INVALID_EXPRESSIONS = [
    ("Placeholders are not allowed with NOT IN", "INCLUDE ItemID WHERE Items.GENRES NOT IN ($G)"),
    ("Boolean columns cannot be filtered", "EXCLUDE ItemID WHERE Items.FREE = true"),
    ("Boolean columns cannot be filtered by text", 'EXCLUDE ItemID WHERE Items.FREE IN ("true")'),
    ("Textual columns cannot be filtered", 'EXCLUDE ItemID WHERE Items.PLOT IN ("sea")'),
    (
        "All conditions refer to the dataset of the first",
        'INCLUDE ItemID WHERE Items.GENRES IN ("a") AND Interactions.EVENT_TYPE IN ("b")',
    ),
    ("On Interactions only EVENT_TYPE", 'EXCLUDE ItemID WHERE Interactions.DEVICE IN ("tv")'),
    ("The wildcard only with EVENT_TYPE", 'INCLUDE ItemID WHERE Items.GENRES IN ("*")'),
    ("Several parameters in one list", "INCLUDE ItemID WHERE Items.GENRES IN ($A, $B)"),
    ("CurrentUser only after IF", "INCLUDE ItemID WHERE CurrentUser.AGE > 18"),
    ("IF is about CurrentUser only", "EXCLUDE ItemID WHERE Items.PRICE > 2000 IF Items.PRICE > 5"),
    (
        "IF is not extended by OR",
        'EXCLUDE ItemID WHERE Items.PRICE > 1 IF CurrentUser.AGE > 18 OR CurrentUser.PLAN IN ("x")',
    ),
    (
        "A second IF",
        'EXCLUDE ItemID WHERE Items.PRICE > 1 IF CurrentUser.AGE > 18 IF CurrentUser.PLAN IN ("x")',
    ),
    ("WHERE is missing", "INCLUDE ItemID Items.PRICE = 1"),
    ("Unknown action", "KEEP ItemID WHERE Items.PRICE = 1"),
    ("Unknown target", "INCLUDE ThingID WHERE Items.PRICE = 1"),
    ("Unknown column", 'INCLUDE ItemID WHERE Items.NOPE IN ("x")'),
    ("Unknown dataset", 'INCLUDE ItemID WHERE Things.NOPE IN ("x")'),
    ("Ordering on a string column", "INCLUDE ItemID WHERE Items.GENRES > 5"),
    ("IN on a numeric column", 'INCLUDE ItemID WHERE Items.PRICE IN ("1999")'),
    ("IS NULL is not in the language", "INCLUDE ItemID WHERE Items.GENRES IS NULL"),
    ("LIKE is not in the language", 'INCLUDE ItemID WHERE Items.GENRES LIKE "a"'),
    ("BETWEEN is not in the language", "INCLUDE ItemID WHERE Items.PRICE BETWEEN 1 AND 2"),
    (
        "No grouping of conditions",
        "INCLUDE ItemID WHERE (Items.PRICE = 1 OR Items.PRICE = 2) AND Items.NUM_RATINGS < 3",
    ),
    ("REPEAT_FREQUENCY cannot be filtered", "EXCLUDE ActionID WHERE Actions.REPEAT_FREQUENCY > 3"),
    ("Unterminated string", 'INCLUDE ItemID WHERE Items.GENRES IN ("Comedy'),
    ("An empty list", "INCLUDE ItemID WHERE Items.GENRES IN ()"),
    ("A literal of the column's type", 'INCLUDE ItemID WHERE Items.PRICE > "much"'),
    ("ItemID has no conditions on Users", 'INCLUDE ItemID WHERE Users.PLAN IN ("gold")'),
    ("UserID has no conditions on Items", 'INCLUDE UserID WHERE Items.GENRES IN ("x")'),
    ("ActionID has no conditions on Items", 'INCLUDE ActionID WHERE Items.GENRES IN ("x")'),
    (
        "All expressions of a filter have the same target",
        'INCLUDE ItemID WHERE Items.PRICE > 1 | EXCLUDE UserID WHERE Users.PLAN IN ("x")',
    ),
    ("CurrentItem columns fit in type", "INCLUDE ItemID WHERE Items.PRICE > CurrentItem.GENRES"),
    ("A parameter has at most 50 characters", f"INCLUDE ItemID WHERE Items.GENRES IN (${'P' * 51})"),
]


@cases([Case("CreateFilter", "filters 12.1", text.replace("\n", " "), more=text) for text in VALID_EXPRESSIONS])
def test_an_expression_of_the_language_becomes_active(world: World, case: Case) -> None:
    arn = world.active(world.make("CreateFilter", filterExpression=case.more))
    assert world.describe(arn)["filterExpression"] == case.more
    world.call("DeleteFilter", filterArn=arn)
    assert set(world.gone(arn)) <= {"DELETE PENDING", "DELETE IN_PROGRESS"}


@cases(
    [
        refusal("CreateFilter", "filters 12.2", says, "InvalidInput", filterExpression=text)
        for says, text in INVALID_EXPRESSIONS
    ]
)
def test_any_other_expression_is_refused(world: World, case: Case) -> None:
    world.refuses(case)


@cases(
    [
        refusal(
            "CreateFilter",
            "filters 13",
            "Could not create filter. Invalid input symbol: $G. Placeholders are not allowed with NOT_IN operator.",
            "InvalidInput",
            filterExpression="INCLUDE ItemID WHERE Items.GENRES NOT IN ($G)",
        )
    ]
)
def test_the_text_is_that_of_the_service(world: World, case: Case) -> None:
    assert world.refuses(case) == case.sentence


@cases([Case("CreateFilter", "filters 4", "An expression may have 2500 characters", BOUNDARY)])
def test_a_long_expression_is_taken(world: World, case: Case) -> None:
    begin = "INCLUDE ItemID WHERE Items.GENRES IN ("
    text = begin + '"' + "x" * (2500 - len(begin) - 3) + '")'
    arn = world.active(world.make(case.operation, filterExpression=text))
    assert len(world.describe(arn)["filterExpression"]) == 2500
    world.call("DeleteFilter", filterArn=arn)
