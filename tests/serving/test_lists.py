"""Lists that are asked for again in the same words: remembered while nothing changes them, and no longer."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from serving.test_rankings import deployment, factors
from tastemaker.filters import parse
from tastemaker.serving.allowed import AllowedItems
from tastemaker.serving.catalogue import Catalogue
from tastemaker.serving.deployments import NamedFilter
from tastemaker.serving.lists import Lists
from tastemaker.serving.rankings import Rankings
from tastemaker.serving.written import Written
from tastemaker.storage.events import EventLog, StreamedEvent
from tastemaker.storage.live import Live
from tastemaker.storage.store import open_store
from tastemaker.wire.service_model import Checked

DAY_S = 86_400
LAST_DAY = NamedFilter("last-day", "group", parse('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*") WITHIN 1 DAY'))
EVER = NamedFilter("ever", "group", parse('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")'))

OF = deployment(factors(), has_heads=True)


@pytest.fixture
def served(tmp_path: Path) -> SimpleNamespace:
    """ask: the list of a request, with a clock that stands at `now_s`; happened: an event is on disk."""
    found = SimpleNamespace(now_s=10.0 * DAY_S)
    store = replace(open_store(tmp_path), now_s=lambda: found.now_s)
    live, log, catalogue = Live(store.database, 10, 10), EventLog(store.database), Catalogue(store)
    filters = {each.arn: each for each in (LAST_DAY, EVER)}
    allowed = AllowedItems(live, lambda arn, _group, _generation: filters[arn], catalogue, users_max=10)
    lists = Lists(store, live, catalogue, allowed, Rankings(10), users_max=10)

    def ask(words: bytes | None, wanted: int = 25, **request: Any) -> Written:
        live.refresh()
        checked = Checked(request)
        checked.words = words
        return lists.of(OF, checked, wanted, chance=7).written

    def happened(user: str, item: str) -> None:
        log.append([StreamedEvent(1, user, user, item, "watch", None, int(found.now_s), None, None)]).result(10)

    found.ask, found.happened = ask, happened
    return found


def test_the_same_words_have_the_same_list_and_others_their_own(served: SimpleNamespace) -> None:
    ask: Callable[..., Written] = served.ask
    first = ask(b"u0", userId="u0")
    assert ask(b"u0", userId="u0") is first
    assert len(first.items()) == 25
    assert ask(b"u1", userId="u1") != first
    assert ask(b"u0, ten", 10, userId="u0").items() == first.items()[:10]
    assert ask(None, userId="u0") == first, "what comes in no words is made each time"
    assert ask(None, userId="u0") is not first


def test_after_an_event_the_list_is_another_one(served: SimpleNamespace) -> None:
    first = served.ask(b"u0", userId="u0", filterArn="ever")
    chosen = first.items()[0]["itemId"]
    served.happened("u1", chosen)
    assert served.ask(b"u0", userId="u0", filterArn="ever") is first, "it was somebody else's"
    served.happened("u0", chosen)
    second = served.ask(b"u0", userId="u0", filterArn="ever")
    assert chosen not in [item["itemId"] for item in second.items()]
    assert len(second.items()) == 25


def test_a_list_that_time_changes_is_not_remembered(served: SimpleNamespace) -> None:
    chosen = served.ask(None, userId="new").items()[0]["itemId"]
    served.happened("new", chosen)

    def shown() -> bool:
        found = served.ask(b"new", userId="new", filterArn="last-day").items()
        return chosen in [item["itemId"] for item in found]

    assert not shown()
    served.now_s += DAY_S - 60
    assert not shown()
    served.now_s += 120
    assert shown()


def test_a_long_list_is_not_remembered(served: SimpleNamespace) -> None:
    first = served.ask(b"u0", 500, userId="u0")
    again = served.ask(b"u0", 500, userId="u0")
    assert again == first
    assert again is not first
