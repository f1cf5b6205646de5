"""A valid request of each of the 79 operations. Words that begin with $ stand for what the shared world has.

`$new` is a name that nothing has yet; `$no.<kind>` is a well-formed ARN of something that does not exist.
"""

import json

from conformance.case import Body


def schema(name: str, *columns: Body) -> str:
    """The text of a schema."""
    return json.dumps(
        {"type": "record", "name": name, "namespace": "com.amazonaws.personalize.schema", "version": "1.0"}
        | {"fields": list(columns)}
    )


def column(name: str, of: str | list[str] = "string", **marks: bool) -> Body:
    """One column of a schema."""
    return {"name": name, "type": of, **marks}


INTERACTIONS = schema(
    "Interactions",
    column("USER_ID"),
    column("ITEM_ID"),
    column("EVENT_TYPE"),
    column("EVENT_VALUE", ["float", "null"]),
    column("DEVICE", ["string", "null"], categorical=True),
    column("TIMESTAMP", "long"),
)
ITEMS = schema(
    "Items",
    column("ITEM_ID"),
    column("GENRES", ["null", "string"], categorical=True),
    column("PRICE", "float"),
    column("NUM_RATINGS", ["null", "int"]),
    column("TITLE", ["null", "string"]),
    column("PLOT", ["null", "string"], textual=True),
    column("FREE", ["null", "boolean"]),
    column("CREATION_TIMESTAMP", "long"),
)
USERS = schema("Users", column("USER_ID"), column("AGE", ["int", "null"]), column("PLAN", categorical=True))
ACTIONS = schema(
    "Actions",
    column("ACTION_ID"),
    column("VALUE", ["null", "long"]),
    column("CATEGORY", ["null", "string"], categorical=True),
    column("REPEAT_FREQUENCY", ["null", "long"]),
)
ACTION_INTERACTIONS = schema(
    "ActionInteractions", column("USER_ID"), column("ACTION_ID"), column("EVENT_TYPE"), column("TIMESTAMP", "long")
)
VIDEO_EVENTS = schema(
    "Interactions", column("USER_ID"), column("ITEM_ID"), column("EVENT_TYPE"), column("TIMESTAMP", "long")
)
VIDEOS = schema(
    "Items",
    column("ITEM_ID"),
    column("GENRES", ["string"], categorical=True),
    column("CREATION_TIMESTAMP", "long"),
)

ROLE = "$role"
WATCH = {"eventType": "watch", "itemId": "i1", "sentAt": 1_700_000_000}
METRIC = {"eventType": "watch", "metricName": "watched", "expression": "SAMPLECOUNT()"}
WATCHED = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch")'
PAGE = {"maxResults": 5}

VALID: dict[str, Body] = {
    # Schemas, dataset groups and datasets
    "CreateSchema": {"name": "$new", "schema": INTERACTIONS},
    "DescribeSchema": {"schemaArn": "$schema.Interactions"},
    "ListSchemas": PAGE,
    "DeleteSchema": {"schemaArn": "$schema.Interactions"},
    "CreateDatasetGroup": {"name": "$new"},
    "DescribeDatasetGroup": {"datasetGroupArn": "$group"},
    "ListDatasetGroups": PAGE,
    "DeleteDatasetGroup": {"datasetGroupArn": "$group"},
    "CreateDataset": {
        "name": "$new",
        "schemaArn": "$schema.Interactions",
        "datasetGroupArn": "$group",
        "datasetType": "Interactions",
    },
    "DescribeDataset": {"datasetArn": "$dataset.Interactions"},
    "ListDatasets": {"datasetGroupArn": "$group", **PAGE},
    "UpdateDataset": {"datasetArn": "$dataset.Items", "schemaArn": "$schema.Items"},
    "DeleteDataset": {"datasetArn": "$dataset.Interactions"},
    # Data in and out
    "CreateDatasetImportJob": {
        "jobName": "$new",
        "datasetArn": "$dataset.Interactions",
        "dataSource": {"dataLocation": "$data/interactions.csv"},
        "roleArn": ROLE,
    },
    "DescribeDatasetImportJob": {"datasetImportJobArn": "$import.Interactions"},
    "ListDatasetImportJobs": {"datasetArn": "$dataset.Interactions", **PAGE},
    "CreateDatasetExportJob": {
        "jobName": "$new",
        "datasetArn": "$dataset.Users",
        "roleArn": ROLE,
        "jobOutput": {"s3DataDestination": {"path": "$data/exported/"}},
    },
    "DescribeDatasetExportJob": {"datasetExportJobArn": "$no.dataset-export-job"},
    "ListDatasetExportJobs": {"datasetArn": "$dataset.Users", **PAGE},
    "CreateDataDeletionJob": {
        "jobName": "$new",
        "datasetGroupArn": "$group",
        "dataSource": {"dataLocation": "$data/forget/"},
        "roleArn": ROLE,
    },
    "DescribeDataDeletionJob": {"dataDeletionJobArn": "$no.data-deletion-job"},
    "ListDataDeletionJobs": {"datasetGroupArn": "$group", **PAGE},
    # Recipes, solutions, versions
    "ListRecipes": PAGE,
    "DescribeRecipe": {"recipeArn": "$recipe.aws-user-personalization"},
    "DescribeAlgorithm": {"algorithmArn": "arn:aws:personalize:::algorithm/aws-user-personalization"},
    "DescribeFeatureTransformation": {
        "featureTransformationArn": "arn:aws:personalize:::feature-transformation/JSON-percentile-filtering"
    },
    "CreateSolution": {
        "name": "$new",
        "datasetGroupArn": "$group",
        "recipeArn": "$recipe.aws-user-personalization",
        "performAutoTraining": False,
    },
    "DescribeSolution": {"solutionArn": "$solution.up"},
    "ListSolutions": {"datasetGroupArn": "$group", **PAGE},
    "UpdateSolution": {"solutionArn": "$solution.up", "performAutoTraining": False},
    "DeleteSolution": {"solutionArn": "$solution.up"},
    "CreateSolutionVersion": {"solutionArn": "$solution.up"},
    "DescribeSolutionVersion": {"solutionVersionArn": "$version.up"},
    "ListSolutionVersions": {"solutionArn": "$solution.up", **PAGE},
    "StopSolutionVersionCreation": {"solutionVersionArn": "$version.up"},
    "GetSolutionMetrics": {"solutionVersionArn": "$version.up"},
    # What answers
    "CreateCampaign": {"name": "$new", "solutionVersionArn": "$version.up"},
    "DescribeCampaign": {"campaignArn": "$campaign.up"},
    "ListCampaigns": {"solutionArn": "$solution.up", **PAGE},
    "UpdateCampaign": {"campaignArn": "$campaign.up", "solutionVersionArn": "$version.up"},
    "DeleteCampaign": {"campaignArn": "$campaign.up"},
    "CreateRecommender": {
        "name": "$new",
        "datasetGroupArn": "$videos",
        "recipeArn": "$recipe.aws-vod-top-picks",
    },
    "DescribeRecommender": {"recommenderArn": "$recommender"},
    "ListRecommenders": {"datasetGroupArn": "$videos", **PAGE},
    "UpdateRecommender": {
        "recommenderArn": "$recommender",
        "recommenderConfig": {"minRecommendationRequestsPerSecond": 1},
    },
    "StartRecommender": {"recommenderArn": "$recommender"},
    "StopRecommender": {"recommenderArn": "$recommender"},
    "DeleteRecommender": {"recommenderArn": "$recommender"},
    # Filters, trackers, attributions
    "CreateFilter": {"name": "$new", "datasetGroupArn": "$group", "filterExpression": WATCHED},
    "DescribeFilter": {"filterArn": "$filter.watched"},
    "ListFilters": {"datasetGroupArn": "$group", **PAGE},
    "DeleteFilter": {"filterArn": "$filter.watched"},
    "CreateEventTracker": {"name": "$new", "datasetGroupArn": "$videos"},
    "DescribeEventTracker": {"eventTrackerArn": "$tracker"},
    "ListEventTrackers": {"datasetGroupArn": "$group", **PAGE},
    "DeleteEventTracker": {"eventTrackerArn": "$tracker"},
    "CreateMetricAttribution": {
        "name": "$new",
        "datasetGroupArn": "$videos",
        "metrics": [METRIC],
        "metricsOutputConfig": {"roleArn": ROLE},
    },
    "DescribeMetricAttribution": {"metricAttributionArn": "$attribution"},
    "ListMetricAttributions": {"datasetGroupArn": "$group", **PAGE},
    "ListMetricAttributionMetrics": {"metricAttributionArn": "$attribution", **PAGE},
    "UpdateMetricAttribution": {"metricAttributionArn": "$attribution"},
    "DeleteMetricAttribution": {"metricAttributionArn": "$attribution"},
    # Batch jobs
    "CreateBatchInferenceJob": {
        "jobName": "$new",
        "solutionVersionArn": "$version.up",
        "jobInput": {"s3DataSource": {"path": "$data/batch/users.json"}},
        "jobOutput": {"s3DataDestination": {"path": "$data/batch-out/"}},
        "roleArn": ROLE,
    },
    "DescribeBatchInferenceJob": {"batchInferenceJobArn": "$no.batch-inference-job"},
    "ListBatchInferenceJobs": {"solutionVersionArn": "$version.up", **PAGE},
    "CreateBatchSegmentJob": {
        "jobName": "$new",
        "solutionVersionArn": "$version.affinity",
        "jobInput": {"s3DataSource": {"path": "$data/batch/items.json"}},
        "jobOutput": {"s3DataDestination": {"path": "$data/segments-out/"}},
        "roleArn": ROLE,
    },
    "DescribeBatchSegmentJob": {"batchSegmentJobArn": "$no.batch-segment-job"},
    "ListBatchSegmentJobs": {"solutionVersionArn": "$version.affinity", **PAGE},
    # Tags
    "TagResource": {"resourceArn": "$group", "tags": [{"tagKey": "k", "tagValue": "v"}]},
    "UntagResource": {"resourceArn": "$group", "tagKeys": ["k"]},
    "ListTagsForResource": {"resourceArn": "$group"},
    # Runtime and events
    "GetRecommendations": {"campaignArn": "$campaign.up", "userId": "u1"},
    "GetPersonalizedRanking": {"campaignArn": "$campaign.ranking", "userId": "u1", "inputList": ["i1", "i2"]},
    "GetActionRecommendations": {"campaignArn": "$campaign.actions", "userId": "u1"},
    "PutEvents": {"trackingId": "$trackingId", "sessionId": "s", "userId": "conformance", "eventList": [WATCH]},
    "PutItems": {
        "datasetArn": "$dataset.Items",
        "items": [{"itemId": "put", "properties": '{"price": 1, "creationTimestamp": 1700000000}'}],
    },
    "PutUsers": {"datasetArn": "$dataset.Users", "users": [{"userId": "put", "properties": '{"plan": "gold"}'}]},
    "PutActions": {"datasetArn": "$dataset.Actions", "actions": [{"actionId": "put", "properties": '{"value": 5}'}]},
    "PutActionInteractions": {
        "trackingId": "$actionTrackingId",
        "actionInteractions": [
            {
                "actionId": "join",
                "userId": "conformance",
                "sessionId": "s",
                "timestamp": 1_700_000_000,
                "eventType": "Taken",
            }
        ],
    },
}
