"""Items by name: their titles and genres, from the server's answers or from the CSV file of a sample."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tastemaker.cli.client import Server

WITH_NAMES_MAX = 50  # "numResults: if you use metadata, the maximum is 50" (API reference, GetRecommendations)
TITLES, GENRES = ("TITLE", "NAME"), ("GENRES", "GENRE", "CATEGORY", "CATEGORY_L1")
SAYS_HOW = (
    "Titles are shown for campaigns made with campaignConfig={'enableMetadataWithRecommendations': True} over items "
    "that have some, in lists of up to 50."
)


@dataclass(frozen=True)
class Item:
    """What people call an item; both may be empty."""

    title: str = ""
    genres: str = ""


NAMELESS = Item()
Items = Mapping[str, Item]


def read_items(path: Path) -> dict[str, Item]:
    """Item id -> title and genres of a sample's items.csv."""
    rows = pl.read_csv(path, infer_schema=False).fill_null("").select("ITEM_ID", "TITLE", "GENRES")
    return {item: Item(title, genres) for item, title, genres in rows.iter_rows()}


def named_items(reply: Mapping[str, Any]) -> dict[str, Item]:
    """Item id -> title and genres, of the metadata in an answer."""
    return {each["itemId"]: item_of(each["metadata"]) for each in reply["itemList"] if each.get("metadata")}


def asking_for_names(server: Server, campaign: str, count: int) -> dict[str, Any]:
    """What to add to a request so that the answer has titles and genres; nothing where it cannot have them."""
    api = server.personalize
    found = api.describe_campaign(campaignArn=campaign)["campaign"]
    if count > WITH_NAMES_MAX or not found.get("campaignConfig", {}).get("enableMetadataWithRecommendations"):
        return {}
    version = api.describe_solution_version(solutionVersionArn=found["solutionVersionArn"])["solutionVersion"]
    datasets = api.list_datasets(datasetGroupArn=version["datasetGroupArn"])["datasets"]
    items = [each["datasetArn"] for each in datasets if each["datasetType"] == "ITEMS"]
    if not items:
        return {}
    schema_arn = api.describe_dataset(datasetArn=items[0])["dataset"]["schemaArn"]
    schema = api.describe_schema(schemaArn=schema_arn)["schema"]["schema"]
    wanted = [name for names in (TITLES, GENRES) for name in names if f'"{name}"' in schema]
    return {"metadataColumns": {"ITEMS": wanted}} if wanted else {}


def item_of(metadata: Mapping[str, str]) -> Item:
    """The names in an answer. metadata: values by the column's name in lower case."""

    def first(names: tuple[str, ...]) -> str:
        return next((metadata[name.lower()] for name in names if name.lower() in metadata), "")

    return Item(first(TITLES), first(GENRES))
