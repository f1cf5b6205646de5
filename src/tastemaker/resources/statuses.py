"""The life cycles: which status follows which verb. Statuses exist only here, and only the engine moves along them."""

from collections.abc import Mapping

GONE = "GONE"  # the row is removed

Statuses = Mapping[str, Mapping[str, str]]

_DELETING: Statuses = {
    "DELETE PENDING": {"start": "DELETE IN_PROGRESS"},
    "DELETE IN_PROGRESS": {"start": "DELETE IN_PROGRESS", "done": GONE},
}

# Event trackers, filters, metric attributions, solutions.
PROVISIONED: Statuses = {
    "CREATE PENDING": {"start": "CREATE IN_PROGRESS", "fail": "CREATE FAILED"},
    # A job that was taken up again starts where it stands.
    "CREATE IN_PROGRESS": {"start": "CREATE IN_PROGRESS", "done": "ACTIVE", "fail": "CREATE FAILED"},
    "ACTIVE": {"delete": "DELETE PENDING"},
    "CREATE FAILED": {"delete": "DELETE PENDING"},
    **_DELETING,
}

# Dataset groups: "DELETE PENDING" is all that is seen of their end.
CONTAINING: Statuses = {
    **{status: verbs for status, verbs in PROVISIONED.items() if status not in _DELETING},
    "DELETE PENDING": {"start": "DELETE PENDING", "done": GONE},
}

# Datasets: replacing the schema is a change of their own status.
EVOLVING: Statuses = {
    **PROVISIONED,
    "ACTIVE": {"delete": "DELETE PENDING", "update": "UPDATE PENDING"},
    "UPDATE PENDING": {"start": "UPDATE IN_PROGRESS", "fail": "ACTIVE"},
    "UPDATE IN_PROGRESS": {"start": "UPDATE IN_PROGRESS", "done": "ACTIVE", "fail": "ACTIVE"},
}

# Campaigns: one that could not be created can be given another version, and is ACTIVE with it.
MENDABLE: Statuses = {**PROVISIONED, "CREATE FAILED": {"delete": "DELETE PENDING", "mend": "ACTIVE"}}

# Recommenders: they can be taken out of service and put back.
SUSPENDABLE: Statuses = {
    **PROVISIONED,
    "ACTIVE": {"delete": "DELETE PENDING", "suspend": "STOP PENDING"},
    "STOP PENDING": {"start": "STOP IN_PROGRESS", "fail": "ACTIVE"},
    "STOP IN_PROGRESS": {"start": "STOP IN_PROGRESS", "done": "INACTIVE", "fail": "ACTIVE"},
    "INACTIVE": {"delete": "DELETE PENDING", "resume": "START PENDING"},
    "START PENDING": {"start": "START IN_PROGRESS", "fail": "INACTIVE"},
    "START IN_PROGRESS": {"start": "START IN_PROGRESS", "done": "ACTIVE", "fail": "INACTIVE"},
}

# Import, export and batch jobs: there is no operation that deletes them.
JOB: Statuses = {
    "CREATE PENDING": {"start": "CREATE IN_PROGRESS", "fail": "CREATE FAILED"},
    "CREATE IN_PROGRESS": {"start": "CREATE IN_PROGRESS", "done": "ACTIVE", "fail": "CREATE FAILED"},
    "ACTIVE": {},
    "CREATE FAILED": {},
}

# Data deletion jobs have a vocabulary of their own.
DELETION: Statuses = {
    "PENDING": {"start": "IN_PROGRESS", "fail": "FAILED"},
    "IN_PROGRESS": {"start": "IN_PROGRESS", "done": "COMPLETED", "fail": "FAILED"},
    "COMPLETED": {},
    "FAILED": {},
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
    for table in (EVOLVING, SUSPENDABLE, JOB, DELETION, TRAINED)
    for status, verbs in table.items()
    if "done" in verbs or "start" in verbs
)
COMING = frozenset({"CREATE PENDING", "CREATE IN_PROGRESS"})
FAILED = frozenset({"CREATE FAILED", "CREATE STOPPED", "FAILED"})
# A dataset whose schema is being replaced can still be read.
READABLE = frozenset({"ACTIVE", "UPDATE PENDING", "UPDATE IN_PROGRESS"})
