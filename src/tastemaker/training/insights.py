"""How a dataset group's data are, and for which recipes they are enough: the report behind `tastemaker insights`."""

from dataclasses import asdict
from typing import Any

import polars as pl

from tastemaker.metrics.insights import INTERACTIONS_MIN, USERS_MIN, Portrait, findings, portrait, unused
from tastemaker.recipes.catalogue import recipes
from tastemaker.recipes.contract import traits
from tastemaker.recipes.use_cases import USE_CASES
from tastemaker.resources.contents import ID_COLUMNS, contents_of
from tastemaker.resources.groups import DATASET_NAMES, datasets_of, domain_of
from tastemaker.storage.store import Store


def insights(store: Store, group: str) -> dict[str, Any]:
    """Statistics by dataset, findings with advice, and what can be trained: `ready`, `little` or `missing`."""
    with store.database.read() as connection:
        domain = domain_of(connection, group)
        datasets = datasets_of(connection, group)
        there = {
            name: contents_of(connection, datasets[name], every_version=False)
            for name in DATASET_NAMES
            if name in datasets
        }
    frames = {name: contents.newest(store) for name, contents in there.items()}
    portraits = {name: portrait(frames[name], contents.schema) for name, contents in there.items()}
    found = [each for name, contents in there.items() for each in findings(name, contents.schema, portraits[name])]
    events = frames.get("INTERACTIONS", pl.DataFrame(schema={"USER_ID": pl.String, "ITEM_ID": pl.String}))
    for name in ("ITEMS", "USERS"):
        if name in frames:
            found += unused(name, ID_COLUMNS[name], frames[name], events)
    return {
        "datasetGroupArn": group,
        "domain": domain,
        "datasets": {name: asdict(each) for name, each in portraits.items()},
        "insights": [asdict(each) for each in found],
        "readiness": _readiness(portraits, domain),
    }


def _readiness(found: dict[str, Portrait], domain: str | None) -> list[dict[str, str]]:
    candidates: list[tuple[str, tuple[str, ...], str | None]] = [
        (recipe.name, traits(recipe).datasets, None) for recipe in recipes().values()
    ]
    candidates += [(case.name, case.datasets, case.needs) for case in USE_CASES if case.domain == domain]
    told = []
    for name, datasets, needs in candidates:
        missing = [DATASET_NAMES[each] for each in datasets if each not in found or not found[each].rows]
        if missing:
            told.append({"recipe": name, "state": "missing", "why": f"there are no {' and no '.join(missing)}"})
            continue
        why = _too_little(found["INTERACTIONS"], needs)
        told.append({"recipe": name, "state": "little" if why else "ready", "why": why})
    return told


def _too_little(events: Portrait, needs: str | None) -> str:
    """Why the original service would refuse, empty if it would not; Tastemaker trains from the first event."""
    types = {name.lower(): count for name, count in events.facts.get("event_types", {}).items()}
    if needs is not None and types.get(needs.lower(), 0) < INTERACTIONS_MIN:
        return f"{types.get(needs.lower(), 0)} events of type {needs}, {INTERACTIONS_MIN} are recommended"
    if events.rows < INTERACTIONS_MIN:
        return f"{events.rows} interactions, {INTERACTIONS_MIN} are recommended"
    if events.facts["users_with_two_events"] < USERS_MIN:
        return f"{events.facts['users_with_two_events']} users with two events, {USERS_MIN} are recommended"
    return ""
