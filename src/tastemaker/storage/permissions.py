"""The policies that were given to the server, and the question that comes before every object: do they allow it?

One file for each bucket and each role, written by `tastemaker permit`; looked at only with `--strict-iam`. This server
has no IAM: it rehearses what the service would be allowed, so that a policy that is wrong is wrong here, too.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from tastemaker.policies.document import Rules, bucket_rules, role_rules
from tastemaker.policies.evaluate import LIST, Need, assume_need, object_needs
from tastemaker.policies.judgement import Judgement, judge
from tastemaker.storage.files import new_file
from tastemaker.storage.locations import REFUSED, Access, ObjectsFailed, split

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=,@-]{0,127}")  # a file name, too: of buckets and of roles


def policies_in(home: Path) -> Path:
    """The folder of the policies that a home was given."""
    return home / "policies"


def require(
    location: str, access: Access, action: str, keys: Sequence[str], invalid: str, to_list: bool = False
) -> None:
    """Raise ObjectsFailed unless the policies let the job's role do this with objects of the location's bucket.

    to_list: the keys are not known yet; it is refused only if the role or the list is, and then for all reasons.
    """
    if access.policies is None:
        return
    if not location.startswith("s3://") or access.role is None:
        raise ObjectsFailed(
            f"{invalid} {location}: with --strict-iam a job needs a roleArn, and names s3://bucket/key."
        )
    bucket = split(location)[0]
    roles = judge_role(access.policies, name_of(access.role), access.source)
    found = judge_bucket(access.policies, bucket, object_needs(action, bucket, keys, access.source))
    lists = all(each.allowed for each in found.verdicts if each.need.action == LIST)
    wrong = [each for each in (roles, found) if each.problem and (each is roles or not (to_list and lists))]
    if wrong:
        told = " ".join(each.text for each in wrong)
        verbs = " and ".join(f"`tastemaker permit {each.rules.of} FILE`" for each in wrong)
        raise ObjectsFailed(f"{REFUSED} {told} Save it as FILE, run {verbs}, then create the job again.")


def judge_bucket(policies: Path, bucket: str, needs: Sequence[Need]) -> Judgement:
    """What the policy of a bucket says to these needs."""
    rules = bucket_rules(bucket)
    return judge(given(bucket_file(policies, bucket), rules), needs, rules)


def judge_role(policies: Path, name: str, source: str) -> Judgement:
    """Whether Personalize may assume a role."""
    rules = role_rules(name)
    return judge(given(role_file(policies, name), rules), [assume_need(source)], rules)


def given(file: Path, rules: Rules) -> bytes | None:
    """The policy in a file, or enough of it to see that it is too long; None if none was given."""
    try:
        with file.open("rb") as reader:
            return reader.read(rules.bytes_max + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ObjectsFailed(f"{REFUSED} {file}: {error.strerror}.") from None


def give(file: Path, data: bytes) -> None:
    """Write a policy that was checked; running servers see it with the next job."""
    with new_file(file) as aside:
        aside.write_bytes(data)


def bucket_file(policies: Path, bucket: str) -> Path:
    """Where the policy of a bucket is."""
    return policies / "buckets" / f"{_checked(bucket)}.json"


def role_file(policies: Path, name: str) -> Path:
    """Where the trust policy of a role is."""
    return policies / "roles" / f"{_checked(name)}.json"


def name_of(role: str) -> str:
    """The name of a role, without account and path: within an account there is one role of that name."""
    return role.rpartition("/")[2]


def is_name(name: str) -> bool:
    """Whether a bucket or a role may be called so."""
    return NAME.fullmatch(name) is not None


def _checked(name: str) -> str:
    if not is_name(name):
        raise ObjectsFailed(f"{name!r} is no name of a bucket or a role: letters, digits and . _ - + = , @ are.")
    return name
