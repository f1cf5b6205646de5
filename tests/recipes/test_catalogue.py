"""Recipes are found where they stand, and somebody else's broken one stops nobody."""

from importlib.metadata import EntryPoint

from tastemaker.recipes.catalogue import GROUP, broken, find, recipes


class Mine:
    """A recipe such as another package would bring: the popularity count under another name."""

    name = "mine"
    recipe_type = "POPULAR_ITEMS"
    description = "As popular as it gets."
    Params = recipes()["aws-popularity-count"].Params
    fit = recipes()["aws-popularity-count"].fit


class Taken(Mine):
    """A recipe under a name that we have."""

    name = "aws-sims"


class Half:
    """Something that is no recipe."""

    name = "half"


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, GROUP)


def test_our_recipes_are_found_in_order_of_their_names():
    ours = {
        "aws-personalized-ranking",
        "aws-popularity-count",
        "aws-similar-items",
        "aws-sims",
        "aws-user-personalization",
    }
    assert ours <= set(recipes())
    assert list(recipes()) == sorted(recipes())
    assert broken() == {}


def test_a_recipe_of_another_package_joins_as_a_class_or_an_object():
    found = find([entry("mine", f"{__name__}:Mine")])
    assert found.recipes["mine"].description == "As popular as it gets."
    assert found.broken == {}


def test_a_broken_recipe_is_left_out_and_the_reason_is_kept():
    found = find(
        [
            entry("gone", "no_such_package:Recipe"),
            entry("half", f"{__name__}:Half"),
            entry("taken", f"{__name__}:Taken"),
            entry("mine", f"{__name__}:Mine"),
        ]
    )
    assert set(found.recipes) == set(recipes()) | {"mine"}
    reasons = list(found.broken.values())
    assert "ModuleNotFoundError: No module named 'no_such_package'" in reasons[0]
    assert "it lacks recipe_type, description, Params, fit" in reasons[1]
    assert "The name aws-sims is taken" in reasons[2]
