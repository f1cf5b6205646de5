"""The ids of replies: an event that sends one back says by it who recommended, and nothing has to be remembered.

RID- and 36 characters, as the service writes them; the first eight of these name the campaign or recommender.
"""

PREFIX = "RID-"


def recommendation_id(seq: int, unique: str) -> str:
    """The id of a reply. seq: the number of the campaign's or recommender's row. unique: a UUID."""
    return f"{PREFIX}{seq & 0xFFFFFFFF:08x}{unique[8:]}"


def recommended_by(given: str) -> int | None:
    """The number of the row of whoever recommended; None if no server of ours made the id."""
    try:
        return int(given.removeprefix(PREFIX)[:8], 16) if given.startswith(PREFIX) and len(given) == 40 else None
    except ValueError:
        return None
