"""What the runtime answers: whole lists, new users, visitors without an account, filters, and the event just sent."""

import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from botocore.exceptions import ClientError

from main_path.served import Body, Deployed, Server
from tastemaker import samples

PERSONAL, RANKING, SIMS, POPULAR = (
    "aws-user-personalization",
    "aws-personalized-ranking",
    "aws-sims",
    "aws-popularity-count",
)


def ids(answer: Body) -> list[str]:
    return [each["itemId"] for each in answer.get("itemList", answer.get("personalizedRanking"))]


def scores(answer: Body) -> list[float]:
    return [each["score"] for each in answer.get("itemList", answer.get("personalizedRanking"))]


@pytest.fixture
def someone() -> str:
    """A user nobody has heard of."""
    return f"user-{uuid.uuid4()}"


@pytest.fixture(scope="module")
def send(events: Any) -> Callable[..., None]:
    """Sends one event for each item, now."""

    def put(deployed: Deployed, user: str | None, *items: str, session: str = "s", kind: str = "watch") -> None:
        for item in items:
            events.put_events(
                trackingId=deployed.tracking_id,
                sessionId=session,
                eventList=[{"eventType": kind, "itemId": item, "sentAt": int(time.time())}],
                **({"userId": user} if user else {}),
            )

    return put


@pytest.fixture(scope="module")
def make_filter(personalize: Any, until_active: Callable[..., str]) -> Callable[[Deployed, str], str]:
    def make(deployed: Deployed, expression: str) -> str:
        created = personalize.create_filter(
            name=f"f-{uuid.uuid4()}", datasetGroupArn=deployed.group, filterExpression=expression
        )
        return until_active(created["filterArn"])

    return make


@pytest.fixture(scope="module")
def watched(samples_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The films of each user of MovieLens 100K."""
    sample = samples.get("ml-100k", tmp_path_factory.mktemp("watched"), samples_folder, lambda _, __: None)
    frame = pl.read_csv(sample.interactions, infer_schema=False)
    return {user: set(films) for user, films in frame.group_by("USER_ID").agg("ITEM_ID").iter_rows()}


def test_scores_over_the_whole_catalogue_sum_to_one(runtime: Any, shop: Deployed) -> None:
    for user in ("u1", "u2", "nobody-knows"):
        answer = runtime.get_recommendations(campaignArn=shop.campaigns[PERSONAL], userId=user, numResults=500)
        assert len(answer["itemList"]) == len(set(ids(answer))) == 40
        assert sum(scores(answer)) == pytest.approx(1, abs=40 * 5e-8)  # each rounded to seven decimals
        assert scores(answer) == sorted(scores(answer), reverse=True)


def test_a_list_has_25_items_unless_asked_otherwise_and_never_more_than_500(runtime: Any, movielens: Deployed) -> None:
    campaign = movielens.campaigns[PERSONAL]

    assert len(runtime.get_recommendations(campaignArn=campaign, userId="1")["itemList"]) == 25
    assert len(runtime.get_recommendations(campaignArn=campaign, userId="1", numResults=500)["itemList"]) == 500
    for wrong in (0, 501):  # boto3 itself refuses less than 0
        with pytest.raises(runtime.exceptions.InvalidInputException, match="numResults"):
            runtime.get_recommendations(campaignArn=campaign, userId="1", numResults=wrong)


def test_a_longer_list_begins_with_the_shorter_one(runtime: Any, movielens: Deployed) -> None:
    for campaign in (movielens.campaigns[PERSONAL], movielens.campaigns[POPULAR]):
        short, long = (
            ids(runtime.get_recommendations(campaignArn=campaign, userId="7", numResults=n)) for n in (10, 500)
        )
        assert long[:10] == short


def test_a_planted_taste_is_found(runtime: Any, shop: Deployed) -> None:
    for user in ("u10", "u11", "u100", "u101"):
        found = ids(runtime.get_recommendations(campaignArn=shop.campaigns[PERSONAL], userId=user, numResults=10))
        assert Counter(int(item[1:]) % 2 for item in found)[int(user[1:]) % 2] >= 9


def test_an_unknown_user_gets_what_is_popular(
    runtime: Any, movielens: Deployed, watched: dict[str, set[str]], someone: str
) -> None:
    watchers = Counter(film for films in watched.values() for film in films)
    best = {film for film, _ in watchers.most_common(100)}

    for recipe in (PERSONAL, POPULAR):
        found = ids(runtime.get_recommendations(campaignArn=movielens.campaigns[recipe], userId=someone))
        assert len(best & set(found)) >= 20


def test_different_users_get_different_lists_and_all_get_the_same_popular_ones(
    runtime: Any, movielens: Deployed
) -> None:
    def of(recipe: str) -> set[tuple[str, ...]]:
        campaign = movielens.campaigns[recipe]
        return {
            tuple(ids(runtime.get_recommendations(campaignArn=campaign, userId=str(user)))) for user in range(1, 21)
        }

    assert len(of(PERSONAL)) == 20
    assert len(of(POPULAR)) == 1


def test_related_items_are_beside_the_item_and_never_itself(runtime: Any, movielens: Deployed) -> None:
    by_title = {title: item for item, title in movielens.titles.items()}
    star_wars = by_title["Star Wars (1977)"]

    answer = runtime.get_recommendations(campaignArn=movielens.campaigns[SIMS], itemId=star_wars, numResults=10)
    assert by_title["Return of the Jedi (1983)"] in ids(answer)
    assert star_wars not in ids(answer)
    assert all("score" not in each for each in answer["itemList"])


def test_an_unknown_item_has_popular_items_beside_it(runtime: Any, movielens: Deployed) -> None:
    related = runtime.get_recommendations(campaignArn=movielens.campaigns[SIMS], itemId="no-such-film")
    assert len(related["itemList"]) == 25


def test_the_next_request_knows_the_event_just_sent(
    runtime: Any, shop: Deployed, someone: str, send: Callable[..., None]
) -> None:
    campaign = shop.campaigns[PERSONAL]
    for n_sent in range(10):
        before = runtime.get_recommendations(campaignArn=campaign, userId=someone, numResults=40)
        send(shop, someone, f"i{1 + 2 * n_sent}")
        after = runtime.get_recommendations(campaignArn=campaign, userId=someone, numResults=40)
        assert scores(after) != scores(before)
    assert all(int(item[1:]) % 2 for item in ids(after)[:10])


def test_an_event_changes_the_list_of_its_user_alone(
    runtime: Any, shop: Deployed, someone: str, send: Callable[..., None]
) -> None:
    of_others = [runtime.get_recommendations(campaignArn=shop.campaigns[PERSONAL], userId=user) for user in ("u1", "x")]
    send(shop, someone, "i1", "i3")
    again = [runtime.get_recommendations(campaignArn=shop.campaigns[PERSONAL], userId=user) for user in ("u1", "x")]
    assert [each["itemList"] for each in again] == [each["itemList"] for each in of_others]


def test_events_on_items_that_the_model_does_not_know_change_nothing_and_are_no_error(
    runtime: Any, shop: Deployed, someone: str, send: Callable[..., None]
) -> None:
    before = runtime.get_recommendations(campaignArn=shop.campaigns[PERSONAL], userId=someone)
    send(shop, someone, "brand-new-item")
    assert (
        runtime.get_recommendations(campaignArn=shop.campaigns[PERSONAL], userId=someone)["itemList"]
        == before["itemList"]
    )


def test_a_visitor_is_known_by_the_session_and_the_session_later_by_the_user(
    runtime: Any, shop: Deployed, someone: str, send: Callable[..., None]
) -> None:
    campaign, session = shop.campaigns[PERSONAL], f"session-{someone}"
    of_strangers = ids(runtime.get_recommendations(campaignArn=campaign, userId="stranger"))

    send(shop, None, "i1", "i3", session=session)
    of_visitor = ids(runtime.get_recommendations(campaignArn=campaign, userId=session))
    assert of_visitor != of_strangers
    assert ids(runtime.get_recommendations(campaignArn=campaign, userId=someone)) == of_strangers

    send(shop, someone, "i5", session=session)  # one event with both names links them
    of_user = runtime.get_recommendations(campaignArn=campaign, userId=someone, numResults=40)
    together = f"together-{someone}"
    send(shop, together, "i1", "i3", "i5", session=together)
    expected = runtime.get_recommendations(campaignArn=campaign, userId=together, numResults=40)
    assert of_user["itemList"] == expected["itemList"]


def test_a_user_of_several_devices_is_one_user(
    runtime: Any, shop: Deployed, someone: str, send: Callable[..., None]
) -> None:
    send(shop, someone, "i1", session="phone")
    send(shop, someone, "i3", session="television")

    campaign, together = shop.campaigns[PERSONAL], f"one-device-{someone}"
    send(shop, together, "i1", "i3", session="one")
    expected = runtime.get_recommendations(campaignArn=campaign, userId=together, numResults=40)["itemList"]
    of_both = runtime.get_recommendations(campaignArn=campaign, userId=someone, numResults=40)["itemList"]
    assert of_both == expected


def test_several_events_travel_in_one_call_and_by_properties(
    runtime: Any, events: Any, shop: Deployed, someone: str
) -> None:
    events.put_events(
        trackingId=shop.tracking_id,
        userId=someone,
        sessionId="s",
        eventList=[
            {"eventType": "watch", "sentAt": 1_700_000_000 + place, "properties": f'{{"itemId": "i{1 + 2 * place}"}}'}
            for place in range(10)
        ],
    )
    found = ids(runtime.get_recommendations(campaignArn=shop.campaigns[PERSONAL], userId=someone, numResults=10))
    assert all(int(item[1:]) % 2 for item in found)


def test_what_a_user_has_done_can_be_left_out_even_if_it_was_a_moment_ago(
    runtime: Any,
    movielens: Deployed,
    watched: dict[str, set[str]],
    send: Callable[..., None],
    make_filter: Callable[[Deployed, str], str],
) -> None:
    campaign = movielens.campaigns[PERSONAL]
    unseen = make_filter(movielens, 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("WATCH")')
    user = min(watched, key=lambda name: len(watched[name]))  # filters see the newest hundred events

    found = ids(runtime.get_recommendations(campaignArn=campaign, userId=user, filterArn=unseen, numResults=300))
    assert len(found) == 300
    assert not watched[user] & set(found)
    send(movielens, user, found[0], found[3], kind="Watch")
    again = ids(runtime.get_recommendations(campaignArn=campaign, userId=user, filterArn=unseen, numResults=300))
    assert len(again) == 300
    assert not {found[0], found[3]} & set(again)


def test_a_filter_takes_its_genres_from_the_request_and_fills_the_list(
    runtime: Any, shop: Deployed, make_filter: Callable[[Deployed, str], str]
) -> None:
    of_genre = make_filter(shop, "INCLUDE ItemID WHERE Items.GENRES IN ($G)")

    def of(genres: str) -> list[str]:
        answer = runtime.get_recommendations(
            campaignArn=shop.campaigns[PERSONAL], userId="u1", filterArn=of_genre, filterValues={"G": genres}
        )
        return ids(answer)

    assert sorted(of('"Crime"')) == sorted(f"i{even}" for even in range(0, 40, 2))
    assert sorted(of('"Comedy"')) == sorted(f"i{odd}" for odd in range(1, 40, 2))
    assert len(of('"Comedy","Drama"')) == 25
    assert of('"Western"') == []
    with pytest.raises(runtime.exceptions.InvalidInputException, match="G"):
        runtime.get_recommendations(campaignArn=shop.campaigns[PERSONAL], userId="u1", filterArn=of_genre)


def test_a_filter_works_in_its_own_dataset_group_alone(
    runtime: Any, shop: Deployed, movielens: Deployed, make_filter: Callable[[Deployed, str], str]
) -> None:
    foreign = make_filter(movielens, 'INCLUDE ItemID WHERE Items.GENRES IN ("Drama")')
    with pytest.raises(runtime.exceptions.InvalidInputException, match="dataset group"):
        runtime.get_recommendations(campaignArn=shop.campaigns[PERSONAL], userId="u1", filterArn=foreign)


def test_a_ranking_has_all_its_items_and_unknown_ones_at_the_end_without_a_score(runtime: Any, shop: Deployed) -> None:
    asked = ["new-b", "i2", "i1", "new-a", "i4", "i3", "i2"]
    for user in ("u1", "nobody"):
        answer = runtime.get_personalized_ranking(campaignArn=shop.campaigns[RANKING], userId=user, inputList=asked)
        ranked = answer["personalizedRanking"]
        assert {each["itemId"] for each in ranked[:4]} == {"i1", "i2", "i3", "i4"}
        assert ranked[4:] == [{"itemId": "new-b"}, {"itemId": "new-a"}]
        assert sum(each["score"] for each in ranked[:4]) == pytest.approx(1, abs=1e-6)
    taste = runtime.get_personalized_ranking(
        campaignArn=shop.campaigns[RANKING], userId="u1", inputList=["i2", "i4", "i1", "i3"]
    )
    assert set(ids(taste)[:2]) == {"i1", "i3"}


def test_a_ranking_knows_the_event_just_sent_and_obeys_filters(
    runtime: Any, shop: Deployed, someone: str, send: Callable[..., None], make_filter: Callable[[Deployed, str], str]
) -> None:
    comedies = make_filter(shop, 'INCLUDE ItemID WHERE Items.GENRES IN ("Comedy")')
    asked = {"campaignArn": shop.campaigns[RANKING], "userId": someone, "inputList": [f"i{i}" for i in range(10)]}
    before = runtime.get_personalized_ranking(**asked)
    send(shop, someone, "i11", "i13", "i15", "i17", "i19")
    after = runtime.get_personalized_ranking(**asked)

    def places_of_odd(answer: Body) -> int:
        return sum(place for place, item in enumerate(ids(answer)) if int(item[1:]) % 2)

    assert places_of_odd(after) < places_of_odd(before)
    assert {*ids(runtime.get_personalized_ranking(**asked, filterArn=comedies))} == {"i1", "i3", "i5", "i7", "i9"}


def test_operation_and_recipe_must_match_and_each_needs_its_ids(runtime: Any, shop: Deployed) -> None:
    invalid = runtime.exceptions.InvalidInputException
    with pytest.raises(invalid, match="GetPersonalizedRanking"):
        runtime.get_recommendations(campaignArn=shop.campaigns[RANKING], userId="u1")
    with pytest.raises(invalid, match="GetRecommendations"):
        runtime.get_personalized_ranking(campaignArn=shop.campaigns[PERSONAL], userId="u1", inputList=["i1"])
    with pytest.raises(invalid, match="userId"):
        runtime.get_recommendations(campaignArn=shop.campaigns[PERSONAL])
    with pytest.raises(invalid, match="itemId"):
        runtime.get_recommendations(campaignArn=shop.campaigns[SIMS], userId="u1")
    with pytest.raises(invalid, match="campaignArn"):
        runtime.get_recommendations(userId="u1")
    with pytest.raises(runtime.exceptions.ResourceNotFoundException) as missing:
        runtime.get_recommendations(campaignArn=shop.campaigns[SIMS] + "x", itemId="i1")
    assert missing.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_every_answer_has_a_recommendation_id_of_its_own(runtime: Any, shop: Deployed) -> None:
    found = {
        runtime.get_recommendations(campaignArn=shop.campaigns[POPULAR], userId="u")["recommendationId"]
        for _ in range(20)
    }
    assert len(found) == 20
    assert all(each.startswith("RID-") and len(each) == 40 for each in found)


def test_a_tracking_id_that_nobody_gave_out_is_refused(events: Any) -> None:
    with pytest.raises(events.exceptions.InvalidInputException, match="trackingId"):
        events.put_events(
            trackingId=str(uuid.uuid4()),
            sessionId="s",
            eventList=[{"eventType": "watch", "itemId": "i1", "sentAt": 1_700_000_000}],
        )


def test_with_two_server_processes_each_sees_the_event_that_the_other_took(
    start_server: Callable[..., Server],
    deploy: Callable[..., Deployed],
    two_tastes: Callable[..., dict[str, tuple[str, Path]]],
) -> None:
    server = start_server(http_workers=2)
    deployed = deploy("pair", two_tastes(), (PERSONAL,), client=server.client("personalize"))
    # A client keeps its connection, and a connection its process: many clients meet both processes.
    runtimes = [server.client("personalize-runtime") for _ in range(16)]
    streams = [server.client("personalize-events") for _ in range(4)]

    for place, stream in enumerate(streams):
        user = f"new-{place}"
        lists = {first_ids(runtime, deployed, user) for runtime in runtimes}
        assert len(lists) == 1
        for item in ("i1", "i3", "i5"):
            stream.put_events(
                trackingId=deployed.tracking_id,
                userId=user,
                sessionId=user,
                eventList=[{"eventType": "watch", "itemId": item, "sentAt": int(time.time())}],
            )
            changed = {first_ids(runtime, deployed, user) for runtime in runtimes}
            assert len(changed) == 1, "every process answers the same, at once"
            assert changed != lists
            lists = changed


def first_ids(runtime: Any, deployed: Deployed, user: str) -> tuple[str, ...]:
    answer = runtime.get_recommendations(campaignArn=deployed.campaigns[PERSONAL], userId=user, numResults=40)
    return tuple(f"{each['itemId']} {each['score']}" for each in answer["itemList"])


def test_wrong_ids_are_client_errors(runtime: Any, shop: Deployed) -> None:
    with pytest.raises(ClientError) as refused:
        runtime.get_recommendations(campaignArn=shop.campaigns[PERSONAL], userId="u" * 257)
    assert refused.value.response["Error"]["Code"] == "InvalidInputException"
    with pytest.raises(runtime.exceptions.InvalidInputException, match="userId is empty"):
        runtime.get_recommendations(campaignArn=shop.campaigns[PERSONAL], userId="")
