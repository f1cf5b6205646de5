"""ARNs put together and taken apart.

`arn:aws:personalize:<region>:<account>:<kind>/<name>`; what the service owns (recipes) has neither region nor account.
"""

from dataclasses import dataclass

SERVICE_OWNED = "arn:aws:personalize:::"


@dataclass(frozen=True)
class Scope:
    """Whose names they are: unique in one account and region."""

    region: str
    account: str

    def arn(self, suffix: str) -> str:
        """The ARN of a user's resource, for example of `campaign/home`."""
        return f"arn:aws:personalize:{self.region}:{self.account}:{suffix}"


def scope_of(arn: str) -> Scope:
    """The region and account of a user's resource."""
    parts = arn.split(":", 5)
    return Scope(parts[3], parts[4])


def service_arn(suffix: str) -> str:
    """The ARN of something the service owns, for example `recipe/aws-sims`."""
    return SERVICE_OWNED + suffix


def suffix_of(arn: str) -> str:
    """What follows region and account, for example `solution/home/4be01d7a`; empty if this is no ARN."""
    parts = arn.split(":", 5)
    return parts[5] if len(parts) == 6 else ""


def kind_of(arn: str) -> str:
    """The first word of the suffix, for example `dataset-group`."""
    return suffix_of(arn).partition("/")[0]


def name_of(arn: str) -> str:
    """What follows the kind, for example `shop/INTERACTIONS`."""
    return suffix_of(arn).partition("/")[2]
