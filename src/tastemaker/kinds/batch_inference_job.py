"""Batch inference jobs: recommendations for every line of a file, without a campaign."""

from tastemaker.batch.inference import infer
from tastemaker.errors import InvalidInputException
from tastemaker.kinds.batch_rules import check_results, filter_for, reads_and_writes, require_ready, version_for
from tastemaker.kinds.campaign import check_answering, check_freshness
from tastemaker.kinds.solution_config import recipe_named
from tastemaker.recipes.contract import Recipe, traits
from tastemaker.resources.groups import schemas_of
from tastemaker.resources.kind import Birth, Kind, Work
from tastemaker.resources.quotas import at_most_unfinished
from tastemaker.resources.statuses import JOB
from tastemaker.storage.rows import Resource

RESULTS_MAX = 500
INFERENCE, THEMES = "BATCH_INFERENCE", "THEME_GENERATION"


def infers_from_a_version(birth: Birth) -> None:
    """The version is trained, and its recipe recommends items in batches; the filter fits."""
    check_results(birth, RESULTS_MAX)
    mode = birth.body.setdefault("batchInferenceJobMode", INFERENCE)
    if mode != THEMES and "themeGenerationConfig" in birth.request:
        raise InvalidInputException(f"themeGenerationConfig needs batchInferenceJobMode {THEMES}.")
    version = version_for(birth)
    recipe = recipe_named(version.body["recipeArn"])
    if recipe.recipe_type == "USER_SEGMENTATION":
        raise InvalidInputException(
            f"solutionVersionArn {version.arn} makes segments of users: use it in CreateBatchSegmentJob."
        )
    if not traits(recipe).batch_inference:
        raise InvalidInputException(f"solutionVersionArn {version.arn}: {recipe.name} has no batch inference.")
    config = birth.request.get("batchInferenceJobConfig", {})
    check_answering("batchInferenceJobConfig", config, recipe.name, traits(recipe))
    check_freshness(birth.connection, "batchInferenceJobConfig", config, version.body["datasetGroupArn"])
    if mode == THEMES:
        _check_themes(birth, version, recipe)
    tree = filter_for(birth, version, "ItemID")
    if tree is not None and tree.needs_current_item and recipe.recipe_type != "RELATED_ITEMS":
        raise InvalidInputException(
            f"filterArn {birth.request['filterArn']} compares with CurrentItem, which only recipes of type "
            "RELATED_ITEMS have."
        )
    require_ready(birth, version)


def _check_themes(birth: Birth, version: Resource, recipe: Recipe) -> None:
    """A recipe of related items that has themes, a column with names, and one with text to find themes in."""
    if not traits(recipe).theme_generation:
        raise InvalidInputException(f"batchInferenceJobMode {THEMES}: only aws-similar-items has themes.")
    config = birth.request.get("themeGenerationConfig", {})
    name = config.get("fieldsForThemeGeneration", {}).get("itemName")
    items = schemas_of(birth.connection, version.body["datasetGroupArn"]).get("Items")
    column = items.column(name) if items and name else None
    if column is None or not column.is_string:
        raise InvalidInputException(
            f"themeGenerationConfig.fieldsForThemeGeneration.itemName is {name!r}: name the string column of the Items "
            "dataset that holds the names of items."
        )
    assert items is not None
    if not any(each.textual for each in items.columns):
        raise InvalidInputException(
            f"batchInferenceJobMode {THEMES} needs a textual column in the Items dataset, such as a description. "
            "Replace the schema of the dataset with one that has it (UpdateDataset), and import the texts."
        )


BATCH_INFERENCE_JOB = Kind(
    "BatchInferenceJob",
    "batch-inference-job",
    JOB,
    name_member="jobName",
    listed_by="solutionVersionArn",
    rules=(reads_and_writes, infers_from_a_version),
    quotas=(at_most_unfinished(5, "BatchInferenceJob"),),
    create=Work(infer, in_child=True),
)
