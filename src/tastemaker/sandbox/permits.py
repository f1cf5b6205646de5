"""What the sandbox's buckets and roles allow, given to the server as `tastemaker permit` gives it.

So `--strict-iam` holds the policies that the code itself put there, and a job that AWS would refuse is refused here.
"""

from pathlib import Path
from urllib.parse import parse_qs

from moto.iam.models import iam_backends

from tastemaker.storage.calls import Call
from tastemaker.storage.permissions import bucket_file, give, is_name, role_file

ROLES = ("CreateRole", "UpdateAssumeRolePolicy", "DeleteRole")  # what changes who may assume a role


def permit_bucket(policies: Path, bucket: str, policy: bytes | None) -> None:
    """Hold the policy of a bucket, or none."""
    if is_name(bucket):
        _hold(bucket_file(policies, bucket), policy)


def permit_role(policies: Path, account: str, call: Call) -> None:
    """Hold the trust policy that a role has after this call, or none."""
    name = parse_qs(call.body.decode("latin-1"))["RoleName"][0]
    roles = {role.name: role for role in iam_backends[account]["aws"].roles.values()}
    if is_name(name):
        trusts = roles[name].assume_role_policy_document if name in roles else None
        _hold(role_file(policies, name), trusts.encode() if trusts is not None else None)


def _hold(file: Path, policy: bytes | None) -> None:
    if policy is None:
        file.unlink(missing_ok=True)
    else:
        give(file, policy)
