#!/usr/bin/env bash
# The main walk with the AWS CLI: walk.sh AWS ENDPOINT NAME CSV SCHEMA
# Prints one JSON object: the lists before and after an event, and what was deleted.
set -euo pipefail
aws="$1" endpoint="$2" name="$3" csv="$4" schema="$5"
export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION=eu-west-1 AWS_PAGER=

ask() { "$aws" "$1" "${@:2}" --endpoint-url "$endpoint" --output text; }
active() { # kind member arn
  until [ "$(ask personalize "describe-$1" "--$1-arn" "$3" --query "$2.status")" = ACTIVE ]; do sleep 0.05; done
}
gone() { # kind arn
  ask personalize "delete-$1" "--$1-arn" "$2"
  local told
  while told="$(ask personalize "describe-$1" "--$1-arn" "$2" 2>&1)"; do sleep 0.05; done
  [[ "$told" == *ResourceNotFoundException* ]] || { echo "$told" >&2; exit 1; }
}
list() {
  "$aws" personalize-runtime get-recommendations --campaign-arn "$campaign" --user-id newcomer --num-results 10 \
    --endpoint-url "$endpoint" --query 'itemList[].itemId' --output json | tr -d '\n'
}

schema="$(ask personalize create-schema --name "$name" --schema "file://$schema")"
group="$(ask personalize create-dataset-group --name "$name")"
active dataset-group datasetGroup "$group"
dataset="$(ask personalize create-dataset --name "$name" --schema-arn "$schema" --dataset-group-arn "$group" \
  --dataset-type Interactions)"
active dataset dataset "$dataset"
job="$(ask personalize create-dataset-import-job --job-name "$name" --dataset-arn "$dataset" \
  --data-source "dataLocation=$csv" --role-arn arn:aws:iam::000000000000:role/R)"
active dataset-import-job datasetImportJob "$job"
solution="$(ask personalize create-solution --name "$name" --dataset-group-arn "$group" \
  --recipe-arn arn:aws:personalize:::recipe/aws-user-personalization)"
active solution solution "$solution"
version="$(ask personalize create-solution-version --solution-arn "$solution")"
active solution-version solutionVersion "$version"
metrics="$(ask personalize get-solution-metrics --solution-version-arn "$version" --query 'length(metrics)')"
campaign="$(ask personalize create-campaign --name "$name" --solution-version-arn "$version")"
active campaign campaign "$campaign"
read -r tracker tracking_id <<<"$(ask personalize create-event-tracker --name "$name" --dataset-group-arn "$group" \
  --query '[eventTrackerArn,trackingId]')"
active event-tracker eventTracker "$tracker"

before="$(list)"
ask personalize-events put-events --tracking-id "$tracking_id" --session-id s --user-id newcomer \
  --event-list "eventType=watch,itemId=i7,sentAt=$(date +%s)"
after="$(list)"

gone campaign "$campaign"
gone solution "$solution"
gone event-tracker "$tracker"
gone dataset "$dataset"
gone dataset-group "$group"
ask personalize delete-schema --schema-arn "$schema"
printf '{"before": %s, "after": %s, "deleted": ["%s", "%s", "%s", "%s", "%s"], "metrics": %s}\n' \
  "$before" "$after" "$campaign" "$solution" "$tracker" "$dataset" "$group" "$metrics"
