"""Whether exploration finds good new items among bad ones: a shop of 60 items gets 20 new ones, half of them good.

    python benchmarks/exploration.py [--rounds 6000] [--weights 0 0.3 1] [--seed 0] [--json]

A real server and made-up shoppers. What a shopper takes of a list is drawn by the items' appeal: a known item is taken
with a chance of 0.04 each time that it is seen, a good new one with 0.12, a bad one with 0.005; nobody takes two items
of a list. The new items are put while the campaign runs, without categories or anything else to tell them apart, and
the model is not trained again: only lists shown and events sent back (recommendationId) can tell. Each weight
of exploration has a server of its own. Printed are the shares of all places that good and bad new items got, quarter by
quarter, and how many of a hundred shoppers took something.
"""

import argparse
import json
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tastemaker.cli import walk
from tastemaker.cli.client import Server
from tastemaker.cli.waiting import until_active, unwatched
from tastemaker.settings import Settings
from tastemaker.supervisor import Supervisor, address

N_USERS, N_KNOWN, N_NEW, LENGTH, QUARTERS = 300, 60, 20, 10, 4
KNOWN, GOOD, BAD = 0.04, 0.12, 0.005  # chances to be taken by who sees them
START_S = 1_700_000_000


def schema(name: str, *columns: dict[str, Any]) -> str:
    """The text of a schema."""
    head = {"type": "record", "name": name, "namespace": "com.amazonaws.personalize.schema", "version": "1.0"}
    return json.dumps({**head, "fields": list(columns)})


def column(name: str, kind: str = "string", **more: bool) -> dict[str, Any]:
    """A field of a schema."""
    return {"name": name, "type": kind, **more}


EVENTS = schema("Interactions", *map(column, ("USER_ID", "ITEM_ID", "EVENT_TYPE")), column("TIMESTAMP", "long"))
ITEMS = schema("Items", column("ITEM_ID"), column("KIND", categorical=True), column("CREATION_TIMESTAMP", "long"))


@dataclass(frozen=True)
class Told:
    """What came of one weight. good, bad: shares of all places, by quarter. taken: items taken of a hundred lists."""

    weight: float
    good: list[float]
    bad: list[float]
    taken: float


def shop(server: Server, folder: Path, seed: int) -> tuple[str, str, str]:
    """The known items and who took them, trained. Gives the ARNs of Items and version, and the tracking id."""
    rng = np.random.default_rng(seed)
    popularity = 1 / (np.arange(N_KNOWN) + 10)
    lines = ["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP"]
    for user in range(N_USERS):
        chosen = rng.choice(N_KNOWN, 12, replace=False, p=popularity / popularity.sum())
        lines += [f"u{user},k{item},take,{START_S + 3600 * place}" for place, item in enumerate(chosen)]
    (folder / "events.csv").write_text("\n".join(lines) + "\n")
    known = [f"k{item},known,{START_S - 86400 * 400}" for item in range(N_KNOWN)]
    (folder / "items.csv").write_text("\n".join(["ITEM_ID,KIND,CREATION_TIMESTAMP", *known]) + "\n")
    group = walk.dataset_group(server, "shop")
    datasets = {}
    for kind, text in {"Interactions": EVENTS, "Items": ITEMS}.items():
        datasets[kind] = walk.dataset(server, group, "shop", kind, text)
        path = folder / ("events.csv" if kind == "Interactions" else "items.csv")
        walk.imported(server, datasets[kind], f"shop-{kind}", str(path), unwatched)
    version = walk.trained(server, walk.solution(server, group, "shop", walk.FOR_USERS), unwatched)["arn"]
    return datasets["Items"], version, walk.tracking_id(server, group, "shop")


def put_new(server: Server, dataset: str) -> None:
    """The new items, one minute old."""
    properties = json.dumps({"kind": "new", "creationTimestamp": int(time.time()) - 60})
    listed = [{"itemId": f"{'good' if n % 2 else 'bad'}-{n}", "properties": properties} for n in range(N_NEW)]
    for first in range(0, N_NEW, 10):
        server.events.put_items(datasetArn=dataset, items=listed[first : first + 10])


def chance(item: str) -> float:
    """How likely who sees an item takes it."""
    return {"k": KNOWN, "g": GOOD, "b": BAD}[item[0]]


def live(server: Server, campaign: str, tracking_id: str, weight: float, rounds: int, seed: int) -> Told:
    """Shoppers look at lists, one after the other, and take what they like."""
    rng = np.random.default_rng(seed)
    counts, taken = np.zeros((QUARTERS, 2)), 0
    for number in range(rounds):
        user = f"{weight}-{rng.integers(N_USERS)}"
        reply = server.runtime.get_recommendations(campaignArn=campaign, userId=user, numResults=LENGTH)
        names = [item["itemId"] for item in reply["itemList"]]
        kinds = [name[0] for name in names]
        counts[number * QUARTERS // rounds] += (kinds.count("g"), kinds.count("b"))
        liked = [name for name in names if rng.random() < chance(name)]
        if liked:
            taken += 1
            event = {"eventType": "take", "itemId": liked[0], "sentAt": int(time.time())}
            sent = [{**event, "recommendationId": reply["recommendationId"]}]
            server.events.put_events(trackingId=tracking_id, userId=user, sessionId=user, eventList=sent)
    share = counts / (rounds / QUARTERS * LENGTH)
    good, bad = (np.round(share[:, which], 3).tolist() for which in (0, 1))
    return Told(weight, good, bad, round(100 * taken / rounds, 1))


def told_of(weight: float, rounds: int, seed: int) -> Told:
    """A shop of its own with a campaign of this weight."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        with (home / "server.log").open("wb") as log_file:
            supervisor = Supervisor(Settings(home=home, port=0), log_file)
            settings = supervisor.start()
            try:
                server = Server(address(settings), settings)
                items, version, tracking_id = shop(server, Path(folder), seed)
                put_new(server, items)
                config = {"itemExplorationConfig": {"explorationWeight": str(weight)}}
                created = server.personalize.create_campaign(
                    name="shop", solutionVersionArn=version, campaignConfig=config
                )
                until_active(server, created["campaignArn"])
                return live(server, created["campaignArn"], tracking_id, weight, rounds, seed)
            finally:
                supervisor.stop()


def main() -> None:
    """One weight after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=6000)
    parser.add_argument("--weights", type=float, nargs="+", default=[0.0, 0.3, 1.0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON value and nothing else")
    options = parser.parse_args()
    found = [told_of(weight, options.rounds, options.seed) for weight in options.weights]
    if options.json:
        print(json.dumps([asdict(told) for told in found]))
        return
    print(f"{options.rounds} lists of {LENGTH} for each weight; {N_NEW} new items, half of them good")
    for told in found:
        print(f"weight {told.weight}: taken of 100 lists {told.taken}")
        for name, shares in (("good", told.good), ("bad", told.bad)):
            print(f"  places of {name} new items by quarter: " + "  ".join(f"{share:6.1%}" for share in shares))


if __name__ == "__main__":
    main()
