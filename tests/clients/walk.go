// The main walk with the AWS SDK for Go: go run walk.go ENDPOINT NAME CSV SCHEMA
// Prints one JSON object: the lists before and after an event, and what was deleted.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/credentials"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/personalize"
	"github.com/aws/aws-sdk-go/service/personalizeevents"
	"github.com/aws/aws-sdk-go/service/personalizeruntime"
)

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

// until polls a status as scripts do, and gives up where it says FAILED.
func until(arn *string, status func() (*string, error)) {
	for {
		found := *must(status())
		if found == "ACTIVE" {
			return
		}
		if strings.Contains(found, "FAILED") {
			must(0, fmt.Errorf("%s is %s", *arn, found))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// gone waits until Describe does not find what was deleted.
func gone(arn *string, describe func() error) string {
	for {
		var missing *personalize.ResourceNotFoundException
		if err := describe(); errors.As(err, &missing) {
			return *arn
		} else if err != nil {
			must(0, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func main() {
	endpoint, name, csv, schemaFile := os.Args[1], aws.String(os.Args[2]), os.Args[3], os.Args[4]
	config := aws.NewConfig().WithEndpoint(endpoint).WithRegion("eu-west-1").
		WithCredentials(credentials.NewStaticCredentials("any", "any", ""))
	s := must(session.NewSession(config))
	p, events, runtime := personalize.New(s), personalizeevents.New(s), personalizeruntime.New(s)

	text := string(must(os.ReadFile(schemaFile)))
	schema := must(p.CreateSchema(&personalize.CreateSchemaInput{Name: name, Schema: &text})).SchemaArn
	group := must(p.CreateDatasetGroup(&personalize.CreateDatasetGroupInput{Name: name})).DatasetGroupArn
	until(group, func() (*string, error) {
		found, err := p.DescribeDatasetGroup(&personalize.DescribeDatasetGroupInput{DatasetGroupArn: group})
		return found.DatasetGroup.Status, err
	})
	dataset := must(p.CreateDataset(&personalize.CreateDatasetInput{
		Name: name, SchemaArn: schema, DatasetGroupArn: group, DatasetType: aws.String("Interactions"),
	})).DatasetArn
	until(dataset, func() (*string, error) {
		found, err := p.DescribeDataset(&personalize.DescribeDatasetInput{DatasetArn: dataset})
		return found.Dataset.Status, err
	})
	job := must(p.CreateDatasetImportJob(&personalize.CreateDatasetImportJobInput{
		JobName: name, DatasetArn: dataset, DataSource: &personalize.DataSource{DataLocation: &csv},
		RoleArn: aws.String("arn:aws:iam::000000000000:role/R"),
	})).DatasetImportJobArn
	until(job, func() (*string, error) {
		found, err := p.DescribeDatasetImportJob(&personalize.DescribeDatasetImportJobInput{DatasetImportJobArn: job})
		return found.DatasetImportJob.Status, err
	})
	solution := must(p.CreateSolution(&personalize.CreateSolutionInput{
		Name: name, DatasetGroupArn: group, RecipeArn: aws.String("arn:aws:personalize:::recipe/aws-user-personalization"),
	})).SolutionArn
	until(solution, func() (*string, error) {
		found, err := p.DescribeSolution(&personalize.DescribeSolutionInput{SolutionArn: solution})
		return found.Solution.Status, err
	})
	version := must(p.CreateSolutionVersion(&personalize.CreateSolutionVersionInput{SolutionArn: solution})).SolutionVersionArn
	until(version, func() (*string, error) {
		found, err := p.DescribeSolutionVersion(&personalize.DescribeSolutionVersionInput{SolutionVersionArn: version})
		return found.SolutionVersion.Status, err
	})
	metrics := must(p.GetSolutionMetrics(&personalize.GetSolutionMetricsInput{SolutionVersionArn: version})).Metrics
	campaign := must(p.CreateCampaign(&personalize.CreateCampaignInput{
		Name: name, SolutionVersionArn: version, MinProvisionedTPS: aws.Int64(1),
	})).CampaignArn
	until(campaign, func() (*string, error) {
		found, err := p.DescribeCampaign(&personalize.DescribeCampaignInput{CampaignArn: campaign})
		return found.Campaign.Status, err
	})
	tracker := must(p.CreateEventTracker(&personalize.CreateEventTrackerInput{Name: name, DatasetGroupArn: group}))
	until(tracker.EventTrackerArn, func() (*string, error) {
		found, err := p.DescribeEventTracker(&personalize.DescribeEventTrackerInput{EventTrackerArn: tracker.EventTrackerArn})
		return found.EventTracker.Status, err
	})

	list := func() []string {
		answer := must(runtime.GetRecommendations(&personalizeruntime.GetRecommendationsInput{
			CampaignArn: campaign, UserId: aws.String("newcomer"), NumResults: aws.Int64(10),
		}))
		ids := []string{}
		for _, item := range answer.ItemList {
			ids = append(ids, *item.ItemId)
		}
		return ids
	}
	before := list()
	must(events.PutEvents(&personalizeevents.PutEventsInput{
		TrackingId: tracker.TrackingId, SessionId: aws.String("s"), UserId: aws.String("newcomer"),
		EventList: []*personalizeevents.Event{{
			EventType: aws.String("watch"), ItemId: aws.String("i7"), SentAt: aws.Time(time.Now()),
			Properties: aws.JSONValue{"any": "thing"},
		}},
	}))
	after := list()

	deleted := []string{}
	must(p.DeleteCampaign(&personalize.DeleteCampaignInput{CampaignArn: campaign}))
	deleted = append(deleted, gone(campaign, func() error {
		_, err := p.DescribeCampaign(&personalize.DescribeCampaignInput{CampaignArn: campaign})
		return err
	}))
	must(p.DeleteSolution(&personalize.DeleteSolutionInput{SolutionArn: solution}))
	deleted = append(deleted, gone(solution, func() error {
		_, err := p.DescribeSolution(&personalize.DescribeSolutionInput{SolutionArn: solution})
		return err
	}))
	must(p.DeleteEventTracker(&personalize.DeleteEventTrackerInput{EventTrackerArn: tracker.EventTrackerArn}))
	deleted = append(deleted, gone(tracker.EventTrackerArn, func() error {
		_, err := p.DescribeEventTracker(&personalize.DescribeEventTrackerInput{EventTrackerArn: tracker.EventTrackerArn})
		return err
	}))
	must(p.DeleteDataset(&personalize.DeleteDatasetInput{DatasetArn: dataset}))
	deleted = append(deleted, gone(dataset, func() error {
		_, err := p.DescribeDataset(&personalize.DescribeDatasetInput{DatasetArn: dataset})
		return err
	}))
	must(p.DeleteDatasetGroup(&personalize.DeleteDatasetGroupInput{DatasetGroupArn: group}))
	deleted = append(deleted, gone(group, func() error {
		_, err := p.DescribeDatasetGroup(&personalize.DescribeDatasetGroupInput{DatasetGroupArn: group})
		return err
	}))
	must(p.DeleteSchema(&personalize.DeleteSchemaInput{SchemaArn: schema}))
	told := map[string]any{"before": before, "after": after, "deleted": deleted, "metrics": len(metrics)}
	fmt.Println(string(must(json.Marshal(told))))
}
