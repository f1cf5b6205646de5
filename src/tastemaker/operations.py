"""The table: the name of each of the 79 operations, and the function that answers it.

Start-up fails if a service model has an operation that this table lacks.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any

from tastemaker.arn import Scope
from tastemaker.events.streams import Streams
from tastemaker.kinds import KINDS
from tastemaker.kinds.campaign import update_campaign
from tastemaker.kinds.dataset import update_dataset
from tastemaker.kinds.metric_attribution import list_metric_attribution_metrics, update_metric_attribution
from tastemaker.kinds.recipe import (
    describe_algorithm,
    describe_feature_transformation,
    describe_recipe,
    list_recipes,
)
from tastemaker.kinds.recommender import start_recommender, stop_recommender, update_recommender
from tastemaker.kinds.solution import update_solution
from tastemaker.kinds.solution_version import get_solution_metrics, stop_solution_version_creation
from tastemaker.resources import tags
from tastemaker.resources.engine import lifecycle
from tastemaker.resources.rates import RATES, rated
from tastemaker.serving.answer import Answers
from tastemaker.storage.store import Store
from tastemaker.wire.service_model import operations as modelled

Reply = Mapping[str, Any] | bytes | None
Function = Callable[[Mapping[str, Any], Scope], "Reply | Future[None]"]


def table(store: Store, answers: Answers, streams: Streams) -> dict[str, Function]:
    """Every operation of the service models. Raises RuntimeError naming those that are missing."""
    on_rows = {
        **{name: function for kind in KINDS for name, function in lifecycle(kind).items()},
        **tags.operations({kind.name: kind.taggable for kind in KINDS}),
        "DescribeAlgorithm": describe_algorithm,
        "DescribeFeatureTransformation": describe_feature_transformation,
        "DescribeRecipe": describe_recipe,
        "GetSolutionMetrics": get_solution_metrics,
        "ListMetricAttributionMetrics": list_metric_attribution_metrics,
        "ListRecipes": list_recipes,
        "StopSolutionVersionCreation": stop_solution_version_creation,
        "StartRecommender": start_recommender,
        "StopRecommender": stop_recommender,
        "UpdateCampaign": update_campaign,
        "UpdateDataset": update_dataset,
        "UpdateMetricAttribution": update_metric_attribution,
        "UpdateRecommender": update_recommender,
        "UpdateSolution": update_solution,
    }
    found: dict[str, Function] = {
        **{name: partial(function, store) for name, function in on_rows.items()},
        "GetRecommendations": answers.get_recommendations,
        "GetActionRecommendations": answers.get_action_recommendations,
        "GetPersonalizedRanking": answers.get_personalized_ranking,
        "PutActionInteractions": streams.put_action_interactions,
        "PutActions": streams.put_actions,
        "PutEvents": streams.put_events,
        "PutItems": streams.put_items,
        "PutUsers": streams.put_users,
    }
    if store.strict.quotas:
        found |= {name: rated(name, found[name]) for name in RATES}
    missing = sorted(modelled().keys() - found.keys())
    if missing:
        raise RuntimeError(f"No function stands behind {', '.join(missing)}: add them to operations.py.")
    return found
