"""What a recipe is: a pure function from data to a model; and a model: a pure function from a query to scores.

A recipe knows nothing of ARNs, SQL or HTTP. It is found by standing in a module of this folder that lists it in
`RECIPES`, or, in somebody else's package, behind an entry point of the group `tastemaker.recipes`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from tastemaker.data.interactions import Floats, Ints, Query, TrainingData

RecipeType = Literal[
    "USER_PERSONALIZATION",
    "PERSONALIZED_RANKING",
    "RELATED_ITEMS",
    "POPULAR_ITEMS",
    "PERSONALIZED_ACTIONS",
    "USER_SEGMENTATION",
]
Reasons = Mapping[str, float]


class Progress(Protocol):
    """Told how far the work is, and facts of the way such as epoch=3, loss=5.4.

    It may raise to stop the work; a recipe lets that pass. False asks for the best so far at once, instead of all of
    the work; a recipe that has no such thing goes on.
    """

    def __call__(self, done: float, total: float, /, **facts: float) -> bool | None: ...


def silent(done: float, total: float, /, **facts: float) -> None:
    """A progress that nobody watches."""


def stage(progress: Progress, start: float, share: float) -> Progress:
    """The progress of a stage of the work that fills `share` from `start` on, both of 1."""

    def told(done: float, total: float, /, **facts: float) -> bool | None:
        return progress(start + share * (done / total if total else 1.0), 1.0, **facts)

    return told


class Model(Protocol):
    """What a recipe learned: a frozen dataclass of arrays and plain numbers, so that saving and loading follow from it.

    A model that has a property `about_columns` is told these of a user and a moment in `Query.about`.
    A model that is brought up to date between trainings has `extended(place_J, data)`: the same over the catalogue of
    these data, in which the item that had place i now has place_J[i], -1 for one that is gone.
    A model that has an attribute `explanation` says by it what the amounts of its reasons are.
    A model that has a field `worth_I` is listed by its scores times that; the scores are shown as they are.
    A model that has a field `holds_minimums` is told by True that what has less data than documented gets no score.
    A model that has a field `temperature` answers logits divided by it; training sets it so that the softmax of the
    scores over the catalogue is a probability that holds on held-out users.
    A model that has `scores_of(query, item_A)` gives the scores of these items alone, for much less than all: a filter
    that lets few items through then costs as much as these.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def scores(self, query: Query) -> Floats:
        """How well each item of the catalogue answers, shape (I,), higher is better; finite for every query."""
        ...

    def explain(self, query: Query, item: int) -> Reasons:
        """What carried this item, largest share first: "event 3" (a place in the history) or a word -> its share."""
        ...


@dataclass(frozen=True)
class Traits:
    """What a recipe asks of its dataset group, and what it can be told besides its hyperparameters.

    datasets: types that the group must have. item_texts: Items must have a name and a text to learn from. All else:
    whether the API member of that name is for this recipe.
    """

    datasets: tuple[str, ...] = ("INTERACTIONS",)
    item_texts: bool = False
    events_config: bool = False
    optimization_objective: bool = False
    item_exploration_config: bool = False
    explores_by_itself: bool = False  # a little, and nothing can be said about it
    training_mode_update: bool = False
    auto_update: bool = False  # a deployed model takes up new items and events by itself
    incremental_update: bool = False
    ranking_influence: bool = False
    batch_inference: bool = True
    theme_generation: bool = False
    metadata_always: bool = False  # metadata in replies without being enabled
    promotions: bool = True
    history_values: bool = False  # queries have the EVENT_VALUE of each event
    plain_scores: bool = False  # scores are shown as the model gives them, such as predicted ratings


PLAIN = Traits()


class Recipe(Protocol):
    """An algorithm under its name in the API, with its hyperparameters. It may have `traits`, else PLAIN holds."""

    @property
    def name(self) -> str: ...
    @property
    def recipe_type(self) -> RecipeType: ...
    @property
    def description(self) -> str: ...
    @property
    def Params(self) -> type[Any]:
        """A frozen dataclass whose fields are all made with `hyperparameter`."""
        ...

    def fit(self, data: TrainingData, params: Any, progress: Progress, /) -> Model:
        """What the data teach. Any number of users, items and events will do, none included.

        Raises ValueError if these parameters cannot work on these data, and whatever `progress` raises.
        """
        ...


@runtime_checkable
class Refittable(Protocol):
    """A recipe whose training is long, and can go on from a model of nearly the same data.

    A training measures a model of nine tenths of the users, and then needs one of all of them.
    """

    def refit(self, model: Any, data: TrainingData, params: Any, progress: Progress, /) -> Model:
        """What all the data teach, from a model of most of them with the same parameters. Raises as `fit`."""
        ...


@runtime_checkable
class Refreshing(Protocol):
    """A recipe whose deployed models follow new events in a rhythm of their own, by `extended` as in `Traits`."""

    def refresh_s(self, params: Any, /) -> float:
        """How long a model of these parameters is fresh, in seconds."""
        ...


@dataclass(frozen=True)
class Limits:
    """What a hyperparameter may be. `effect` False: accepted for compatibility, and without effect on this model."""

    low: float | None = None
    high: float | None = None
    is_tunable: bool = False
    is_feature: bool = False  # travels in featureTransformationParameters
    effect: bool = True
    why: str = ""
    choices: tuple[str, ...] = ()  # of a parameter that is a word


def hyperparameter(default: Any, **limits: Any) -> Any:
    """A field of a recipe's `Params`: its default and its limits, stated once."""
    return field(default=default, metadata={"limits": Limits(**limits)})


def given_in(config: Mapping[str, Any]) -> dict[str, str]:
    """The hyperparameters of a solution's configuration, of both kinds."""
    return {**config.get("algorithmHyperParameters", {}), **config.get("featureTransformationParameters", {})}


def about_columns(model: Model) -> Sequence[str]:
    """What a model wants to know of users and moments: "USERS.GENDER" and the like; mostly nothing."""
    found: Sequence[str] = getattr(model, "about_columns", ())
    return found


@runtime_checkable
class ExplainsTogether(Protocol):
    """A model that explains several items of one query for about the price of one."""

    def explain_each(self, query: Query, items: Sequence[int], /) -> list[Reasons]:
        """The same as `explain` for each of the items."""
        ...


def explained(model: Model, query: Query, items: Sequence[int]) -> list[Reasons]:
    """The reasons of several items."""
    if isinstance(model, ExplainsTogether):
        return model.explain_each(query, items)
    return [model.explain(query, item) for item in items]


def explanation(model: Model) -> str:
    """What the amounts of a model's reasons are, as a sentence."""
    found: str = getattr(model, "explanation", "Amounts are parts of the score.")
    return found


def worth(model: Model) -> Any:
    """What scores are multiplied with where lists are ordered, shape (I,); mostly None, for nothing."""
    return getattr(model, "worth_I", None)


@runtime_checkable
class ScoresSome(Protocol):
    """A model that scores some items for less than all."""

    def scores_of(self, query: Query, item_A: Ints) -> Floats:
        """`scores(query)[item_A]`, but for the last bits."""
        ...


def traits(recipe: Recipe) -> Traits:
    """What a recipe asks and can be told."""
    found: Traits = getattr(recipe, "traits", PLAIN)
    return found


def parse(params_type: type[Any], given: Mapping[str, str]) -> Any:
    """`Params` from the strings of the API. Raises ValueError naming the parameter, its value and what is allowed."""
    known = {item.name: item for item in fields(params_type)}
    values: dict[str, Any] = {}
    for name, text in given.items():
        if name not in known:
            names = ", ".join(sorted(known)) or "none"
            raise ValueError(f"Hyperparameter {name} is unknown to this recipe. Known: {names}.")
        values[name] = _value(name, text, known[name].default, known[name].metadata["limits"])
    return params_type(**values)


def _value(name: str, text: str, default: Any, limits: Limits) -> Any:
    if isinstance(default, bool):
        if text.lower() not in ("true", "false"):
            raise ValueError(f"Hyperparameter {name} is {text!r}; give true or false.")
        return text.lower() == "true"
    if isinstance(default, str):
        if limits.choices and text not in limits.choices:
            raise ValueError(f"Hyperparameter {name} is {text!r}; give one of: {', '.join(limits.choices)}.")
        return text
    kind = type(default)
    try:
        value = kind(text)
    except ValueError:
        wanted = "a whole number" if kind is int else "a number"
        raise ValueError(f"Hyperparameter {name} is {text!r}; give {wanted}.") from None
    low, high = limits.low, limits.high
    if value != value or (low is not None and value < low) or (high is not None and value > high):
        raise ValueError(f"Hyperparameter {name} is {text}; give a number from {low} to {high}.")
    return value
