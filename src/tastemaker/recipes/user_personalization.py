"""aws-user-personalization and its relatives: what this user is likely to choose next, out of the whole catalogue.

The service documents a transformer, a recurrent network and three older ones. Ours are the linear sequence model, which
trains in seconds, and for -v2 the same with a transformer beside it; benchmarks/LEADERBOARD.md has their accuracy.
Exploration of new items happens when a campaign answers, not here.
"""

from dataclasses import dataclass

from tastemaker.recipes.contract import Recipe, Traits, hyperparameter
from tastemaker.recipes.parts.sequence_recipe import NO_NETWORK, Deep, Params, SequenceRecipe

NO_COLD = "Items without a history come by popularity and exploration, however few events they have."


@dataclass(frozen=True)
class SecondParams(Deep):
    """Of the -v2 recipes."""

    apply_recency_bias: bool = hyperparameter(True)  # popularity counts recent choices more


@dataclass(frozen=True)
class OldParams(Params):
    """Of the older recipes, smaller by default."""

    hidden_dimension: int = hyperparameter(43, low=32, high=256, is_tunable=True, effect=False, why=NO_NETWORK)


@dataclass(frozen=True)
class ColdstartParams(Params):
    """Of aws-hrnn-coldstart."""

    cold_start_max_interactions: int = hyperparameter(15, low=1, effect=False, why=NO_COLD)
    cold_start_max_duration: float = hyperparameter(5.0, low=0.0, effect=False, why=NO_COLD)
    cold_start_relative_from: str = hyperparameter(
        "currentTime", choices=("latestItem", "currentTime"), effect=False, why=NO_COLD
    )


RECIPES: tuple[Recipe, ...] = (
    SequenceRecipe(
        "aws-user-personalization",
        "USER_PERSONALIZATION",
        "Items that a user is likely to choose next, learned from the order of everybody's choices.",
        Traits(optimization_objective=True, item_exploration_config=True, training_mode_update=True, auto_update=True),
    ),
    SequenceRecipe(
        "aws-user-personalization-v2",
        "USER_PERSONALIZATION",
        "Items that a user is likely to choose next, with weights for types of events.",
        Traits(events_config=True, metadata_always=True, explores_by_itself=True, auto_update=True),
        SecondParams,
    ),
    SequenceRecipe("aws-hrnn", "USER_PERSONALIZATION", "As aws-user-personalization.", Params=OldParams),
    SequenceRecipe("aws-hrnn-metadata", "USER_PERSONALIZATION", "As aws-user-personalization.", Params=OldParams),
    SequenceRecipe(
        "aws-hrnn-coldstart",
        "USER_PERSONALIZATION",
        "As aws-user-personalization.",
        Traits(training_mode_update=True),
        ColdstartParams,
    ),
)
