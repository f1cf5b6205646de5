"""The whole answer about one policy: what it says to each need, and the document that allows them all."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tastemaker.policies.correct import corrected
from tastemaker.policies.document import PolicyError, Rules, parse
from tastemaker.policies.evaluate import Need, Verdict, verdict

TOLD_MAX = 3  # refused needs that one sentence lists


@dataclass(frozen=True)
class Judgement:
    """problem: why something is refused, in a sentence; "" if all is allowed. correction: what would allow it."""

    rules: Rules
    verdicts: tuple[Verdict, ...]
    problem: str = ""
    correction: dict[str, Any] | None = None

    @property
    def text(self) -> str:
        """The problem and its correction on one line, ready to paste."""
        return f"{self.problem} This one suffices: {json.dumps(self.correction)}" if self.problem else ""


def judge(data: bytes | None, needs: Sequence[Need], rules: Rules) -> Judgement:
    """What the policy in a file says to all of these; data: None if no policy was given."""
    if data is None:
        return _unread(f"No policy was given for {rules.of}.", "no policy was given", needs, rules, None)
    try:
        policy = parse(data, rules)
    except PolicyError as error:
        problem = f"The policy of {rules.of} cannot be used: {error}"
        return _unread(problem, f"the policy cannot be used: {error}", needs, rules, error.document)
    verdicts = tuple(verdict(policy, need) for need in needs)
    refused = [each for each in verdicts if not each.allowed]
    if not refused:
        return Judgement(rules, verdicts)
    told = "; nor ".join(f"{each.need.text} ({each.reason})" for each in refused[:TOLD_MAX])
    more = f"; nor {len(refused) - TOLD_MAX} more" if len(refused) > TOLD_MAX else ""
    problem = f"The policy of {rules.of} does not allow {told}{more}."
    return Judgement(rules, verdicts, problem, corrected(policy.document, [each.need for each in refused], rules))


def _unread(problem: str, reason: str, needs: Sequence[Need], rules: Rules, document: Any) -> Judgement:
    verdicts = tuple(Verdict(need, False, reason) for need in needs)
    return Judgement(rules, verdicts, problem, corrected(document, needs, rules))
