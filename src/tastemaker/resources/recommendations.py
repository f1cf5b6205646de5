"""The ids of replies: an event that sends one back says by it who recommended, and what was in the list.

RID- and 36 characters, as the service writes them. The first eight name the campaign or recommender; the others are
the mark by which `storage.shown` recalls the list, with random digits in it, so that nobody guesses an id.
"""

PREFIX = "RID-"
SEQ_BITS, MARK_BITS = 32, 96


def recommendation_id(seq: int, mark: int) -> str:
    """The id of a reply. seq: the number of the campaign's or recommender's row. mark: 96 bits."""
    text = f"{seq & 0xFFFFFFFF:08x}{mark:024x}"
    return f"{PREFIX}{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def recommended_by(given: str) -> int | None:
    """The number of the row of whoever recommended; None if no server of ours made the id."""
    number = _number(given)
    return None if number is None else number >> MARK_BITS


def mark_of(given: str) -> int | None:
    """The mark of the list; None if no server of ours made the id."""
    number = _number(given)
    return None if number is None else number & ((1 << MARK_BITS) - 1)


def _number(given: str) -> int | None:
    digits = given.removeprefix(PREFIX)
    if not given.startswith(PREFIX) or len(digits) != 36:
        return None
    try:
        return int(digits.replace("-", ""), 16)
    except ValueError:
        return None
