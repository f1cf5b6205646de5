"""The life cycles: which status follows which verb. Statuses exist only here, and only the engine moves along them."""

from collections.abc import Mapping

GONE = "GONE"  # the row is removed

Statuses = Mapping[str, Mapping[str, str]]

_DELETING: Statuses = {
    "DELETE PENDING": {"start": "DELETE IN_PROGRESS"},
    "DELETE IN_PROGRESS": {"start": "DELETE IN_PROGRESS", "done": GONE},
}

# Dataset groups, datasets, event trackers, filters, solutions, campaigns.
PROVISIONED: Statuses = {
    "CREATE PENDING": {"start": "CREATE IN_PROGRESS", "fail": "CREATE FAILED"},
    # A job that was taken up again starts where it stands.
    "CREATE IN_PROGRESS": {"start": "CREATE IN_PROGRESS", "done": "ACTIVE", "fail": "CREATE FAILED"},
    "ACTIVE": {"delete": "DELETE PENDING"},
    "CREATE FAILED": {"delete": "DELETE PENDING"},
    **_DELETING,
}

# Import jobs: there is no operation that deletes them.
JOB: Statuses = {
    "CREATE PENDING": {"start": "CREATE IN_PROGRESS", "fail": "CREATE FAILED"},
    "CREATE IN_PROGRESS": {"start": "CREATE IN_PROGRESS", "done": "ACTIVE", "fail": "CREATE FAILED"},
    "ACTIVE": {},
    "CREATE FAILED": {},
}

# Solution versions: like jobs, but they can be stopped.
TRAINED: Statuses = {
    "CREATE PENDING": {"start": "CREATE IN_PROGRESS", "stop": "CREATE STOPPED", "fail": "CREATE FAILED"},
    "CREATE IN_PROGRESS": {
        "start": "CREATE IN_PROGRESS",
        "done": "ACTIVE",
        "fail": "CREATE FAILED",
        "stop": "CREATE STOPPING",
    },
    "CREATE STOPPING": {
        "start": "CREATE STOPPING",
        "stopped": "CREATE STOPPED",
        "done": "CREATE STOPPED",
        "fail": "CREATE STOPPED",
    },
    "CREATE STOPPED": {},
    "ACTIVE": {},
    "CREATE FAILED": {},
}

# An update has a status of its own (`latestCampaignUpdate`); its resource stays ACTIVE.
UPDATED: Statuses = {
    "CREATE PENDING": {"start": "CREATE IN_PROGRESS", "fail": "CREATE FAILED"},
    "CREATE IN_PROGRESS": {"start": "CREATE IN_PROGRESS", "done": "ACTIVE", "fail": "CREATE FAILED"},
    "ACTIVE": {},
    "CREATE FAILED": {},
}

CHANGING = frozenset(
    status
    for table in (PROVISIONED, JOB, TRAINED)
    for status, verbs in table.items()
    if "done" in verbs or "start" in verbs
)
FAILED = frozenset({"CREATE FAILED", "CREATE STOPPED"})
