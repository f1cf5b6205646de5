"""Whether recommendations follow a change of taste: thriller people who watch three documentaries.

    python benchmarks/documentaries.py --samples DIR [--users 300] [--seed 0] [--json]

MovieLens 1M, aws-user-personalization, a real server, the first ten films that the user has not watched. The rule by
which users are chosen: at least 20 of their last 30 films are Thriller or Sci-Fi, none of these 30 is a documentary,
and at most one of the ten films recommended to them is. --users of them, drawn with --seed. Each is sent three watch
events, one after another: the documentaries that most people watched, and this user did not. After each event the list
is asked for again.
"""

import argparse
import json
import os
import random
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from tastemaker import samples
from tastemaker.cli import walk
from tastemaker.cli.client import Server
from tastemaker.cli.waiting import until_active, unwatched
from tastemaker.settings import Settings
from tastemaker.supervisor import Supervisor, address

RECENT, MOSTLY, LENGTH, N_EVENTS, WANTED = 30, 20, 10, 3, 3
TASTE, NEW = {"Thriller", "Sci-Fi"}, "Documentary"


@dataclass(frozen=True)
class Told:
    """What one user was shown: a list before the first event, and one after each."""

    user: str
    sent: list[str]
    lists: list[list[str]]
    documentaries: list[int]  # in each list


@dataclass(frozen=True)
class Films:
    """What is known of films and of who watched them, oldest first."""

    titles: dict[str, str]
    genres: dict[str, set[str]]
    watched: dict[str, list[str]]
    watchers: Counter[str]

    def count(self, films: list[str]) -> int:
        """How many of these are documentaries."""
        return sum(NEW in self.genres[film] for film in films)

    def has_the_taste(self, user: str) -> bool:
        """The part of the rule that looks at what the user watched."""
        recent = self.watched[user][-RECENT:]
        mostly = sum(bool(TASTE & self.genres[film]) for film in recent) >= MOSTLY
        return len(recent) == RECENT and mostly and not self.count(recent)

    def to_send(self, user: str) -> list[str]:
        """The most watched documentaries that this user has not watched."""
        seen = set(self.watched[user])
        best = (film for film, _ in self.watchers.most_common() if NEW in self.genres[film] and film not in seen)
        return [next(best) for _ in range(N_EVENTS)]


def films_of(sample: samples.Sample) -> Films:
    """The sample in memory."""
    items = pl.read_csv(sample.items, infer_schema=False).fill_null("")
    events = pl.read_csv(sample.interactions, schema_overrides={"USER_ID": pl.String, "ITEM_ID": pl.String})
    # Films rated in the same second stand in the order of the file.
    by_user = events.sort("TIMESTAMP", maintain_order=True).group_by("USER_ID", maintain_order=True).agg("ITEM_ID")
    return Films(
        dict(items.select("ITEM_ID", "TITLE").iter_rows()),
        {film: set(genres.split("|")) for film, genres in items.select("ITEM_ID", "GENRES").iter_rows()},
        dict(by_user.iter_rows()),
        Counter(events["ITEM_ID"].to_list()),
    )


def deployed(server: Server, sample: samples.Sample) -> walk.Deployed:
    """The sample imported, trained and deployed under its own name."""
    name = sample.name
    group = walk.dataset_group(server, name)
    for kind, path in {"Interactions": sample.interactions, "Items": sample.items}.items():
        dataset = walk.dataset(server, group, name, kind, sample.schemas[kind])
        walk.imported(server, dataset, f"{name}-{kind}", str(path), unwatched)
    version = walk.trained(server, walk.solution(server, group, name, walk.FOR_USERS), unwatched)["arn"]
    campaign = server.personalize.create_campaign(name=name, solutionVersionArn=version)["campaignArn"]
    until_active(server, campaign)
    unseen = walk.unseen_filter(server, group, name)
    return walk.Deployed(group, campaign, unseen, walk.tracking_id(server, group, name))


def tell(server: Server, found: walk.Deployed, films: Films, user: str) -> Told | None:
    """Send the events, note the lists. None for a user to whom documentaries are nothing new."""

    def recommended() -> list[str]:
        answer = server.runtime.get_recommendations(
            campaignArn=found.campaign, userId=user, numResults=LENGTH, filterArn=found.unseen
        )
        return [each["itemId"] for each in answer["itemList"]]

    lists = [recommended()]
    if films.count(lists[0]) > 1:
        return None
    sent = films.to_send(user)
    for film in sent:
        event = {"eventType": "watch", "itemId": film, "sentAt": int(time.time())}
        server.events.put_events(trackingId=found.tracking_id, userId=user, sessionId=user, eventList=[event])
        lists.append(recommended())
    return Told(user, sent, lists, [films.count(each) for each in lists])


def show(films: Films, told: Told) -> None:
    """One user's story, by title."""
    print(f"User {told.user} watched last: " + "; ".join(films.titles[film] for film in films.watched[told.user][-8:]))
    for place, each in enumerate(told.lists):
        after = f"after {films.titles[told.sent[place - 1]]}" if place else "before"
        print(f"{told.documentaries[place]} documentaries of {LENGTH} {after}:")
        for film in each:
            print(f"  {'*' if NEW in films.genres[film] else ' '} {films.titles[film]}")


def main() -> None:
    """Deploy, choose users, tell their stories, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=Path, default=os.environ.get("TASTEMAKER_SAMPLES"), help="folder of archives")
    parser.add_argument("--users", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON value and nothing else")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        sample = samples.get("ml-1m", Path(folder) / "sample", options.samples, lambda _, __: None)
        films = films_of(sample)
        candidates = sorted(filter(films.has_the_taste, films.watched))
        random.Random(options.seed).shuffle(candidates)
        with (home / "server.log").open("wb") as log_file:
            supervisor = Supervisor(Settings(home=home, port=0), log_file)
            settings = supervisor.start()
            try:
                server = Server(address(settings), settings)
                found = deployed(server, sample)
                stories = [tell(server, found, films, user) for user in candidates[: options.users]]
            finally:
                supervisor.stop()
    told = [each for each in stories if each is not None]
    mean = [round(statistics.mean(each.documentaries[place] for each in told), 2) for place in range(N_EVENTS + 1)]
    share = [
        round(sum(each.documentaries[place] >= WANTED for each in told) / len(told), 3) for place in range(N_EVENTS + 1)
    ]
    # The user in the middle, not the best one.
    typical = sorted(told, key=lambda each: each.documentaries[-1])[len(told) // 2]
    if options.json:
        figures = {"users": len(told), "mean": mean, "share": share, "typical": asdict(typical)}
        print(json.dumps(figures))
        return
    show(films, typical)
    print(f"{len(told)} users fit the rule, of {len(candidates)} with the taste.")
    print(f"Documentaries among {LENGTH}, mean before and after each of {N_EVENTS} events: {mean}")
    print(f"Share of users with {WANTED} or more: {share}")


if __name__ == "__main__":
    main()
