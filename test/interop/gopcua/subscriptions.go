package main

import (
	"context"
	"time"

	"github.com/gopcua/opcua"
	"github.com/gopcua/opcua/ua"
)

func (to *connection) subscribe(ctx context.Context, asked *request) (answer, error) {
	node, err := to.node(asked.Node)
	if err != nil {
		return nil, err
	}
	item := opcua.NewMonitoredItemCreateRequestWithDefaults(node.ID, ua.AttributeIDValue, 1)
	item.RequestedParameters.SamplingInterval = asked.SamplingMs
	return to.monitor(ctx, item)
}

func (to *connection) subscribeEvents(ctx context.Context, asked *request) (answer, error) {
	node, err := to.node(asked.Node)
	if err != nil {
		return nil, err
	}
	filter := &ua.EventFilter{WhereClause: &ua.ContentFilter{}}
	for _, field := range asked.Fields {
		of, err := ua.ParseNodeID(field.Type)
		if err != nil {
			return nil, err
		}
		attribute := ua.AttributeIDValue
		if len(field.Path) == 0 {
			attribute = ua.AttributeIDNodeID
		}
		filter.SelectClauses = append(filter.SelectClauses,
			&ua.SimpleAttributeOperand{TypeDefinitionID: of, BrowsePath: names(field.Path), AttributeID: attribute})
	}
	item := opcua.NewMonitoredItemCreateRequestWithDefaults(node.ID, ua.AttributeIDEventNotifier, 1)
	item.RequestedParameters.Filter = ua.NewExtensionObject(filter)
	return to.monitor(ctx, item)
}

func (to *connection) monitor(ctx context.Context, item *ua.MonitoredItemCreateRequest) (answer, error) {
	notifications := make(chan *opcua.PublishNotificationData, largeQueue)
	subscription, err := to.client.Subscribe(ctx, &opcua.SubscriptionParameters{Interval: publishEvery}, notifications)
	if err != nil {
		return nil, err
	}
	item.RequestedParameters.QueueSize = largeQueue
	result, err := subscription.Monitor(ctx, ua.TimestampsToReturnBoth, item)
	if err != nil {
		return nil, err
	}
	if err := unlessGood(result.Results[0].StatusCode); err != nil {
		return nil, err
	}
	queue := make(chan any, largeQueue)
	to.queues[subscription.SubscriptionID] = queue
	go forward(notifications, queue)
	return answer{"subscription": subscription.SubscriptionID}, nil
}

func forward(notifications chan *opcua.PublishNotificationData, queue chan any) {
	for each := range notifications {
		switch data := each.Value.(type) {
		case *ua.DataChangeNotification:
			for _, item := range data.MonitoredItems {
				queue <- toldDataValue(item.Value)
			}
		case *ua.EventNotificationList:
			for _, event := range data.Events {
				fields := []any{}
				for _, field := range event.EventFields {
					fields = append(fields, told(field.Value()))
				}
				queue <- fields
			}
		}
	}
}

func (to *connection) take(asked *request) (answer, error) {
	queue := to.queues[asked.Subscription]
	got := []any{}
	select {
	case first := <-queue:
		got = append(got, first)
	case <-time.After(time.Duration(asked.WithinMs) * time.Millisecond):
	}
	for len(got) > 0 {
		select {
		case next := <-queue:
			got = append(got, next)
			continue
		default:
		}
		break
	}
	return answer{"got": got}, nil
}
