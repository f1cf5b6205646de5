"""Names of what the file gives none: made of the group's, with a fingerprint where the content is what counts."""

import json
import re
from hashlib import blake2b

GROUP_CHARS = 24  # names have 63 at most: the group, a type of dataset, a fingerprint, a time, and the dashes between
DATASET_CHARS = 40


def dataset_name(group: str, dataset: str) -> str:
    """The name of a dataset, which the service shows and otherwise does nothing with."""
    return f"{group[:DATASET_CHARS]}-{dataset}"


def schema_name(group: str, dataset: str, domain: str | None, text: str) -> str:
    """The name of a schema: another text has another one, and how the same text is laid out does not matter."""
    record = json.dumps(json.loads(text), sort_keys=True)
    return f"{group[:GROUP_CHARS]}-{dataset}-{fingerprint(group, domain or '', record)}"


def dataset_in_name(group: str, name: str) -> str | None:
    """The type of dataset for which `schema_name` may have made a name; None if it certainly did not."""
    found = re.fullmatch(rf"{re.escape(group[:GROUP_CHARS])}-([a-z_]+)-[0-9a-f]{{8}}", name)
    return found[1] if found else None


def import_identity(group: str, dataset: str, *content: str) -> str:
    """What the names of all import jobs of the same data begin with; a job's name cannot be used twice."""
    return f"{group[:GROUP_CHARS]}-{dataset}-{fingerprint(group, *content)}"


def job_name(identity: str, now_s: float) -> str:
    """A name for the next import of that identity."""
    return f"{identity}-{int(now_s):x}"


def fingerprint(*content: str) -> str:
    """Eight hex digits that differ where the content does."""
    return blake2b(json.dumps(content).encode(), digest_size=4).hexdigest()
