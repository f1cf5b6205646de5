// The main walk with the AWS SDK for JavaScript v3: node walk.mjs ENDPOINT NAME CSV SCHEMA
// Prints one JSON object: the lists before and after an event, and what was deleted.
import { readFileSync } from "node:fs";
import * as control from "@aws-sdk/client-personalize";
import * as events from "@aws-sdk/client-personalize-events";
import * as runtime from "@aws-sdk/client-personalize-runtime";

const [endpoint, name, csv, schemaFile] = process.argv.slice(2);
const options = { endpoint, region: "eu-west-1", credentials: { accessKeyId: "any", secretAccessKey: "any" } };
const personalize = new control.PersonalizeClient(options);
const recommender = new runtime.PersonalizeRuntimeClient(options);
const tracker = new events.PersonalizeEventsClient(options);
const call = (kind, input) => personalize.send(new control[`${kind}Command`](input));
const pause = () => new Promise((wake) => setTimeout(wake, 50));

async function active(kind, member, arn) {
  for (;;) {
    const found = (await call(`Describe${kind}`, { [`${member}Arn`]: arn }))[member];
    if (found.status === "ACTIVE") return arn;
    if (found.status.includes("FAILED")) throw new Error(`${arn}: ${found.failureReason}`);
    await pause();
  }
}

async function gone(kind, member, arn) {
  await call(`Delete${kind}`, { [`${member}Arn`]: arn });
  try {
    for (;;) {
      await call(`Describe${kind}`, { [`${member}Arn`]: arn });
      await pause();
    }
  } catch (error) {
    if (!(error instanceof control.ResourceNotFoundException)) throw error;
  }
  return arn;
}

const { schemaArn } = await call("CreateSchema", { name, schema: readFileSync(schemaFile, "utf8") });
const { datasetGroupArn } = await call("CreateDatasetGroup", { name });
await active("DatasetGroup", "datasetGroup", datasetGroupArn);
const { datasetArn } = await call("CreateDataset", { name, schemaArn, datasetGroupArn, datasetType: "Interactions" });
await active("Dataset", "dataset", datasetArn);
const roleArn = "arn:aws:iam::000000000000:role/R";
const dataSource = { dataLocation: csv };
const job = await call("CreateDatasetImportJob", { jobName: name, datasetArn, dataSource, roleArn });
await active("DatasetImportJob", "datasetImportJob", job.datasetImportJobArn);
const recipeArn = "arn:aws:personalize:::recipe/aws-user-personalization";
const { solutionArn } = await call("CreateSolution", { name, datasetGroupArn, recipeArn });
await active("Solution", "solution", solutionArn);
const { solutionVersionArn } = await call("CreateSolutionVersion", { solutionArn });
await active("SolutionVersion", "solutionVersion", solutionVersionArn);
const { metrics } = await call("GetSolutionMetrics", { solutionVersionArn });
const { campaignArn } = await call("CreateCampaign", { name, solutionVersionArn });
await active("Campaign", "campaign", campaignArn);
const { eventTrackerArn, trackingId } = await call("CreateEventTracker", { name, datasetGroupArn });
await active("EventTracker", "eventTracker", eventTrackerArn);

const list = async () =>
  (await recommender.send(new runtime.GetRecommendationsCommand({ campaignArn, userId: "newcomer", numResults: 10 }))).itemList.map(
    (item) => item.itemId,
  );
const before = await list();
const eventList = [{ eventType: "watch", itemId: "i7", sentAt: new Date(), properties: JSON.stringify({ any: "thing" }) }];
await tracker.send(new events.PutEventsCommand({ trackingId, sessionId: "s", userId: "newcomer", eventList }));
const after = await list();

const deleted = [
  await gone("Campaign", "campaign", campaignArn),
  await gone("Solution", "solution", solutionArn),
  await gone("EventTracker", "eventTracker", eventTrackerArn),
  await gone("Dataset", "dataset", datasetArn),
  await gone("DatasetGroup", "datasetGroup", datasetGroupArn),
];
await call("DeleteSchema", { schemaArn });
console.log(JSON.stringify({ before, after, deleted, metrics: Object.keys(metrics).length }));
