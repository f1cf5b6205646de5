"""The worked examples of the specification (filters, section 12): with values, and what they let through in the shop.

Items a to n are asked for beside e, by a user of 16 years with the plan gold; users are k, t, v and w, actions j, p, o
and x.
"""

from filters.example_shop import IDS

ALL = IDS

VALID = {
    1: ('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")', {}, "acdefgn"),
    2: ('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch", "dislike")', {}, "bdfgn"),
    3: ('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")', {}, "fg"),
    4: ('INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")', {}, "abcden"),
    5: ("INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($EVENTS)", {"EVENTS": '"like","save"'}, "dn"),
    6: ('INCLUDE ItemID WHERE Items.GENRES IN ("Comedy")', {}, "a"),
    7: ('INCLUDE ItemID WHERE Items.GENRES IN ("Comedy", "Drama")', {}, "ae"),
    8: ('EXCLUDE ItemID WHERE Items.GENRES IN ("Crime") AND Items.STATUS NOT IN ("new")', {}, "abdefgn"),
    9: ('EXCLUDE ItemID WHERE Items.STATUS NOT IN ("live", "sale")', {}, "acg"),
    10: ("INCLUDE ItemID WHERE Items.PRICE <= $MAX", {"MAX": "20"}, "abefg"),
    11: ("INCLUDE ItemID WHERE Items.PRICE >= 5 AND Items.PRICE < 10", {}, "beg"),
    12: ("INCLUDE ItemID WHERE Items.YEAR = 1999 OR Items.YEAR = 2001", {}, "abg"),
    13: ("EXCLUDE ItemID WHERE Items.YEAR != 2020", {}, "ce"),
    14: ("INCLUDE ItemID WHERE Items.CREATION_TIMESTAMP > $SINCE", {"SINCE": '"350"'}, "defg"),
    15: (
        'INCLUDE ItemID WHERE Items.GENRES IN ($G) | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch")',
        {"G": '"Drama"'},
        "e",
    ),
    16: (
        'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch") | INCLUDE ItemID WHERE Items.GENRES IN ($G)',
        {"G": '"Drama"'},
        "e",
    ),
    17: (
        'INCLUDE ItemID WHERE Items.STATUS IN ("live") | INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("favorite")',
        {},
        "ace",
    ),
    18: (
        'INCLUDE ItemID WHERE Items.GENRES IN ("a") | INCLUDE ItemID WHERE Items.GENRES IN ("b") | '
        'EXCLUDE ItemID WHERE Items.STATUS IN ("out") | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("buy")',
        {},
        "g",
    ),
    19: ('EXCLUDE ItemID WHERE Items.GENRES IN ("Horror") IF CurrentUser.AGE < 18', {}, "abdefgn"),
    20: (
        'INCLUDE ItemID WHERE Items.STATUS IN ("premium") IF CurrentUser.PLAN = $P AND CurrentUser.AGE > 18',
        {"P": '"gold"'},
        ALL,
    ),
    21: ("EXCLUDE ItemID WHERE Items.GENRES IN ($G) IF CurrentUser.AGE = $AGE", {"G": "Crime", "AGE": "16"}, "adefgn"),
    22: ("INCLUDE ItemID WHERE Items.GENRES IN CurrentItem.GENRES", {}, "ae"),
    23: (
        "INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE AND Items.CREATION_TIMESTAMP > $SINCE",
        {"SINCE": "150"},
        "bg",
    ),
    24: ('exclude itemid where ITEMS.genres in ("Crime")', {}, "adefgn"),
    25: ("INCLUDE UserID WHERE Users.PLAN IN ($PLAN)", {"PLAN": '"gold"'}, "tv"),
    26: ("EXCLUDE UserID WHERE Users.AGE < 18", {}, "vw"),
    27: ('INCLUDE UserID WHERE Interactions.EVENT_TYPE IN ("click", "rating")', {}, "tv"),
    28: ('EXCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ("NOT_TAKEN")', {}, "jox"),
    29: ("INCLUDE ActionID WHERE Actions.VALUE > ($V)", {"V": "2"}, "jo"),
    30: (
        "EXCLUDE ActionID WHERE Actions.CATEGORY IN ($C) | INCLUDE ActionID WHERE Actions.VALUE >= 3",
        {"C": '"tech"'},
        "jo",
    ),
    31: (
        "EXCLUDE ActionID WHERE Actions.VALUE < ($V) IF CurrentUser.PLAN = $P",
        {"V": "3", "P": '"gold"'},
        "jox",
    ),
}

AGE_CLAUSE = "EXCLUDE ItemID WHERE Items.YEAR > 2000 IF CurrentUser.AGE > 18"
INVALID = {
    1: (
        "INCLUDE ItemID WHERE Items.GENRES NOT IN ($G)",
        r"Invalid input symbol: \$G. Placeholders are not allowed with NOT_IN operator.$",
    ),
    2: ("EXCLUDE ItemID WHERE Items.FREE = true", "Invalid Expression"),
    "2 in a list": ('EXCLUDE ItemID WHERE Items.FREE IN ("true")', "Items.FREE is a boolean column"),
    3: ('EXCLUDE ItemID WHERE Items.PLOT IN ("sea")', "Items.PLOT is a textual column"),
    4: (
        'INCLUDE ItemID WHERE Items.GENRES IN ("a") AND Interactions.EVENT_TYPE IN ("b")',
        r"Interactions.EVENT_TYPE is in one expression with Items.GENRES.*\|",
    ),
    5: ('EXCLUDE ItemID WHERE Interactions.DEVICE IN ("tv")', "Only EVENT_TYPE"),
    6: ('INCLUDE ItemID WHERE Items.GENRES IN ("*")', "only EVENT_TYPE"),
    7: ("INCLUDE ItemID WHERE Items.GENRES IN ($A, $B)", ", at line 1 column 41.*one parameter"),
    "7 in quotes": ('INCLUDE ItemID WHERE Items.GENRES IN ("$A", "$B")', "or one parameter"),
    8: ("INCLUDE ItemID WHERE CurrentUser.AGE > 18", "only be used after IF"),
    9: ("EXCLUDE ItemID WHERE Items.YEAR > 2000 IF Items.PRICE > 5", "only CurrentUser"),
    10: (f'{AGE_CLAUSE} OR CurrentUser.PLAN IN ("x")', "OR at line 1 column 64, expected the end or AND"),
    11: (f'{AGE_CLAUSE} IF CurrentUser.PLAN IN ("x")', "IF at line 1 column 64"),
    12: ("INCLUDE ItemID Items.YEAR = 1", "Items at line 1 column 16, expected WHERE"),
    13: ("KEEP ItemID WHERE Items.YEAR = 1", "KEEP at line 1 column 1, expected INCLUDE or EXCLUDE"),
    14: ('INCLUDE ItemID WHERE Items.NOPE IN ("x")', "no such column. It has ITEM_ID, GENRES"),
    15: ("INCLUDE ItemID WHERE Items.GENRES > 5", "needs a numeric column"),
    16: ('INCLUDE ItemID WHERE Items.YEAR IN ("1999")', "needs a string column"),
    17: ("INCLUDE ItemID WHERE Items.GENRES IS NULL", "IS is not part of the filter language"),
    18: ("INCLUDE ItemID WHERE (Items.YEAR = 1 OR Items.YEAR = 2) AND Items.PRICE < 3", "cannot be grouped"),
    19: ("EXCLUDE ActionID WHERE Actions.REPEAT_FREQUENCY > 3", "reserved column"),
    20: ('INCLUDE ItemID WHERE Items.GENRES IN ("Comedy', "column 39.*Is the string closed"),
    21: ('INCLUDE ItemID WHERE Items.YEAR = 1 OR Items.GENRES IN ("x") OR Items.PRICE = 2', "3 distinct fields"),
    22: ("INCLUDE ItemID WHERE Items.YEAR = 1 ".ljust(2501), "2501 characters"),
}
