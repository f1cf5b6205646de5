"""A declared file as it is read: a mistake in it is answered with line, place, reason and fix."""

import re
from pathlib import Path

import msgspec
from msgspec import Struct

from tastemaker.cli.declared import columns
from tastemaker.cli.declared.form import CONFIGS, NAMED, Attribution, Declared, File, Import
from tastemaker.cli.declared.shapes import fitted, shown, unknown
from tastemaker.cli.declared.source import Source, source
from tastemaker.cli.declared.text import BYTES_MAX, Mistake, Place, Text, Tree, parsed
from tastemaker.cli.verb import Failed
from tastemaker.filters import FilterError, parse

FIXES = {
    "group": "Give the dataset group's name: `group: shop`.",
    "schema": "Give columns, each as `GENRES: string? categorical`, or the path of an Avro file.",
    "from": "Give a path or s3://bucket/key: `import: interactions.csv`.",
    "recipe": "Give the name of a recipe: `recipe: aws-sims`.",
    "solution": "Give the name of one of the file's solutions.",
    "metrics": "Give metrics: `revenue: {event: purchase, expression: SUM(Items.PRICE)}`.",
    "expression": "Give the text of a filter, or of a metric.",
    "datasets": "Give interactions, items, users, actions or action_interactions.",
    "domain": "Give ECOMMERCE or VIDEO_ON_DEMAND, or leave domain out.",
}
FIX_ELSE = "docs/declared.md has the whole format."
WANTED = {"bool": "true or false", "str": "a text", "int": "a whole number", "object": "members", "array": "a list"}
NAME_RULE = "Names have 1 to 63 letters, digits, - and _, and begin with a letter or digit."


def read(path: Path) -> Declared:
    """The file, with the schemas and the fingerprints of the data that it names. Raises Failed: place, reason, fix."""
    text = Text(None, {})
    try:
        text = parsed(_content(path))
        file = _file(text.tree)
        return _with_what_it_names(file, path.absolute().parent)
    except Mistake as mistake:
        line = mistake.line or text.line(mistake.place)
        where = ".".join(str(part) for part in mistake.place)
        raise Failed(f"{path}, line {line}{where and ', '}{where}: {mistake}") from None


def _content(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(BYTES_MAX + 1)
    except OSError as problem:
        raise Failed(f"{path} cannot be read: {problem.strerror}. docs/declared.md has an example.") from None
    try:
        return content.decode()
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise Mistake((), "This is not UTF-8. Save the file as UTF-8.", line) from None


def _file(tree: Tree) -> File:
    """The tree as types. Raises Mistake."""
    if not isinstance(tree, dict):
        raise Mistake((), "A file begins with names and colons. Begin with `group: NAME`.")
    shaped = _shaped(tree)
    try:
        file = msgspec.convert(shaped, File, strict=False)
    except msgspec.ValidationError as problem:
        raise _mistake(str(problem), tree) from None
    _check(file)
    return file


def _at(tree: Tree, place: Place) -> Tree:
    """What stands at a place; nothing where there is no such place."""
    for part in place:
        tree = tree.get(part) if isinstance(tree, dict) else None
    return tree


def _shaped(tree: Tree, place: Place = ()) -> Tree:
    """The tree with lists of things that have a name in place of names before colons, and the API's members typed."""
    if place in NAMED:
        if not isinstance(tree, dict):
            raise Mistake(place, f"Names are wanted here, each before a colon. {FIX_ELSE}")
        return [_entry(name, value, (*place, name)) for name, value in tree.items()]
    if not isinstance(tree, dict):
        return tree
    return {name: _shaped(value, (*place, name)) for name, value in tree.items() if value is not None}


def _entry(name: str, value: Tree, place: Place) -> Tree:
    _, bare = NAMED[place[:-1]]
    if isinstance(value, str) and bare:
        return {"name": name, bare: value}
    if not isinstance(value, dict):
        what = "a text" if bare else "members below it"
        raise Mistake(place, f"{name} needs {what}. {FIX_ELSE}")
    if "name" in value:
        raise Mistake((*place, "name"), "The name stands before the colon. Remove this line.")
    entry = {"name": name, **{member: given for member, given in value.items() if given is not None}}
    if place[0] in CONFIGS and "config" in entry:
        entry["config"] = fitted(entry["config"], CONFIGS[place[0]], (*place, "config"))
    if isinstance(entry.get("import"), str):
        entry["import"] = {"from": entry["import"]}
    return entry


def _mistake(problem: str, tree: Tree) -> Mistake:
    """What msgspec says of the shaped tree, said of the file."""
    reason, _, path = problem.partition(" - at `$")
    place: Place = ()
    for member, index in re.findall(r"\.(\w+)|\[(\d+)\]", path):
        place = (*place, member or (list(_at(tree, place))[int(index)] if place in NAMED else int(index)))
    member = [*reason.split("`"), ""][1]
    if "unknown field" in reason:
        return Mistake((*place, member), unknown(member, _members(place)))
    if "required field" in reason:
        return Mistake(place, f"{member} is missing. {FIXES.get(member, FIX_ELSE)}")
    if place[-1] == "name" and place[:-2] in NAMED:  # nobody wrote `name`: it is what stands before the colon
        return Mistake(place[:-1], f"{place[-2]!r} cannot be a name here. {FIXES.get(str(place[0]), NAME_RULE)}")
    if "regex" in reason or "length" in reason:
        return Mistake(place, f"{shown(_at(tree, place))} is no name. {NAME_RULE}")
    kinds = " or ".join(WANTED.get(kind, kind) for kind in member.split(" | ") if kind != "null")
    limit = reason.rpartition("`")[2] if ", got " not in reason else ""
    fix = FIXES.get(str(place[-1]), f"Give {kinds}{limit}.")
    return Mistake(place, f"{shown(_at(tree, place))} does not fit here. {fix}")


def _members(place: Place) -> list[str]:
    """What may stand at a place."""
    if place and place[-1] == "import":
        struct: type[Struct] = Import
    elif place[:-1] in NAMED:
        struct = NAMED[place[:-1]][0]
    else:
        struct = Attribution if place else File
    return [
        each.encode_name for each in msgspec.structs.fields(struct) if place[:-1] not in NAMED or each.name != "name"
    ]


def _check(file: File) -> None:
    """Raise Mistake for what no single member can be wrong about."""
    solutions = [each.name for each in file.solutions]
    for campaign in file.campaigns:
        if campaign.solution not in solutions:
            there = f"The file has {', '.join(solutions)}." if solutions else "The file has no solution."
            place = ("campaigns", campaign.name, "solution")
            raise Mistake(place, f"There is no solution {campaign.solution!r} in the file. {there} Name one of them.")
    if file.recommenders and file.domain is None:
        raise Mistake(("recommenders",), "Only groups with a domain have recommenders. Add `domain: ECOMMERCE`.")
    if file.metric_attribution and file.role is None:
        raise Mistake(("metric_attribution",), "Its reports are written with a role. Add `role: arn:aws:iam::...`.")
    if file.kms_key and file.role is None:
        raise Mistake(("kms_key",), "A key is used with a role. Add `role: arn:aws:iam::...`.")
    for each in file.filters:
        try:
            parse(each.expression)
        except FilterError as problem:
            raise Mistake(("filters", each.name), str(problem)) from None


def _with_what_it_names(file: File, folder: Path) -> Declared:
    schemas: dict[str, str] = {}
    sources: dict[str, Source] = {}
    for dataset in file.datasets:
        place: Place = ("datasets", dataset.name, "schema")
        if isinstance(dataset.schema, str):
            text = _schema_file(folder / dataset.schema, place)
        else:
            text = columns.avro(dataset.name, dataset.schema, place)
        columns.check(text, dataset.name, file.domain, place)
        schemas[dataset.name] = text
        if dataset.data:
            place = ("datasets", dataset.name, "import")
            sources[dataset.name] = source(dataset.data.location, dataset.data.version, folder, place)
    return Declared(file, schemas, sources)


def _schema_file(path: Path, place: Place) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        reason = getattr(problem, "strerror", None) or "it is not UTF-8"
        raise Mistake(place, f"{path} cannot be read: {reason}. Paths begin at the folder of this file.") from None
