"""What tests of a running server share: the server, what is deployed on it, and texts of schemas."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from tastemaker.supervisor import Supervisor

REGION = "eu-west-1"

Body = dict[str, Any]


@dataclass(frozen=True)
class Server:
    """A running server, and clients for it as users make them."""

    url: str
    home: Path
    supervisor: Supervisor

    def client(self, service: str, access_key: str = "any", secret_key: str = "any", **options: Any) -> Any:
        """A boto3 client of that service."""
        return boto3.client(
            service,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            **{"endpoint_url": self.url, "region_name": REGION} | options,
        )


@dataclass(frozen=True)
class Deployed:
    """A dataset group with data, trained and deployed. campaigns: ARN by name of recipe."""

    group: str
    interactions: str
    campaigns: dict[str, str]
    versions: dict[str, str]
    tracking_id: str
    titles: dict[str, str]


def recipe(name: str) -> str:
    """The ARN of a recipe."""
    return f"arn:aws:personalize:::recipe/{name}"


def schema(name: str, *columns: Body) -> str:
    """The text of a schema."""
    return json.dumps(
        {"type": "record", "name": name, "namespace": "com.amazonaws.personalize.schema", "version": "1.0"}
        | {"fields": list(columns)}
    )


INTERACTIONS = schema(
    "Interactions",
    {"name": "USER_ID", "type": "string"},
    {"name": "ITEM_ID", "type": "string"},
    {"name": "EVENT_TYPE", "type": "string"},
    {"name": "TIMESTAMP", "type": "long"},
)
ITEMS = schema(
    "Items",
    {"name": "ITEM_ID", "type": "string"},
    {"name": "GENRES", "type": ["null", "string"], "categorical": True},
)
