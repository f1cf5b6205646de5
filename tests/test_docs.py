"""Documentation that is generated from code is current, and the places it names exist.

`python tests/test_docs.py` writes what is generated.
"""

import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from tastemaker.recipes.catalogue import recipes
from tastemaker.recipes.contract import Limits
from tastemaker.recipes.use_cases import USE_CASES
from tastemaker.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def settings_table() -> str:
    """One row for each setting."""
    rows = [
        f"| `--{item.name.replace('_', '-')}` | `{PREFIX}{item.name.upper()}` | "
        f"{str(item.default).replace(str(Path.home()), '~')} | {item.metadata['text']} |"
        for item in fields(Settings)
    ]
    return "\n".join(["| option | environment | default | what it is |", "|---|---|---|---|", *rows])


def hyperparameters_table(recipe: str) -> str:
    """One row for each hyperparameter of a recipe; those of featureTransformationParameters are marked with a star."""
    rows = []
    for item in fields(recipes()[recipe].Params):
        limits = item.metadata["limits"]
        star = "\\*" if limits.is_feature else ""
        effect = "" if limits.effect else f"accepted without effect: {limits.why}"
        tunable = "yes" if limits.is_tunable else "no"
        rows.append(
            f"| `{item.name}`{star} | {_word(item.default)} | {_range(item.default, limits)} | {tunable} | {effect} |"
        )
    if not rows:
        return "There are none."
    return "\n".join(["| name | default | range | HPO | |", "|---|---|---|---|---|", *rows])


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _range(default: object, limits: Limits) -> str:
    if isinstance(default, bool):
        return "true, false"
    if isinstance(default, str):
        return ", ".join(limits.choices)
    low, high = (None if bound is None else type(default)(bound) for bound in (limits.low, limits.high))
    return f"from {low} on" if high is None else f"{low} to {high}"


def use_cases_table() -> str:
    """One row for each use case."""
    rows = [
        f"| {case.name} | {case.recipe.name} | {case.event_type or 'all'} | {case.hides or ''} | "
        f"{', '.join(word for word, asks in (('userId', case.asks_user), ('itemId', case.asks_item)) if asks)} |"
        for case in USE_CASES
    ]
    head = ["| use case | recipe | learns from | never shows again what the user did this with | request |"]
    return "\n".join([*head, "|---|---|---|---|---|", *rows])


MARK = re.compile(r"<!-- ([a-z]+) ?([a-z0-9-]*): begin -->\n.*?<!-- \1 ?\2: end -->", re.DOTALL)
TABLES: dict[str, Callable[..., str]] = {
    "settings": settings_table,
    "hyperparameters": hyperparameters_table,
    "usecases": use_cases_table,
}


def generated(text: str) -> str:
    """A page with its tables as they should be: `<!-- hyperparameters aws-sims: begin -->` and the like."""

    def current(found: re.Match[str]) -> str:
        mark, of = found[1], found[2]
        if mark not in TABLES:  # another test's
            return found[0]
        named = f"{mark} {of}" if of else mark
        return f"<!-- {named}: begin -->\n{TABLES[mark](*filter(None, [of]))}\n<!-- {named}: end -->"

    return MARK.sub(current, text)


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.stem)
def test_what_is_generated_in_a_page_is_current(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text == generated(text), "run: python tests/test_docs.py"


def test_every_setting_is_in_a_page() -> None:
    assert "<!-- settings: begin -->" in (DOCS / "settings.md").read_text(encoding="utf-8")


def test_every_place_that_the_architecture_names_is_there() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    rows = text.partition("## Where is")[2].partition("## Invariants")[0].splitlines()
    questions = [row for row in rows if row.startswith("| ...")]
    assert len(questions) >= 12
    for row in questions:
        answer = row.split("|")[2]
        places = re.findall(r"`([a-z_0-9]+(?:/[a-z_0-9]+)*(?:\.py|/))`", answer)
        assert places or "`Params`" in answer, row
        for place in places:
            path = ROOT / "src" / "tastemaker" / place
            assert path.exists(), place
            if path.is_file():
                for name in re.findall(r"`([A-Za-z_]+)`", answer.partition(f"`{place}`")[2].partition("`;")[0])[:1]:
                    assert name in path.read_text(encoding="utf-8"), f"{place} has no {name}"


if __name__ == "__main__":
    for place in DOCS.rglob("*.md"):
        written = place.read_text(encoding="utf-8")
        if generated(written) != written:
            place.write_text(generated(written), encoding="utf-8")
