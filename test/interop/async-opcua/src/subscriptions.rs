//! Subscriptions of a session.

use std::time::Duration;

use opcua::client::SubscriptionCallbacks;
use opcua::types::{
    AttributeId, ContentFilter, EventFilter, ExtensionObject, MonitoredItemCreateRequest, MonitoringMode, MonitoringParameters,
    ReadValueId, SimpleAttributeOperand, TimestampsToReturn,
};
use serde_json::{json, Value};
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::timeout;

use crate::connection::{names, node, one, Connection};
use crate::values::{told, told_data_value};
use crate::{Failure, Told};

const LARGE_QUEUE: u32 = 1000;
const PUBLISH_EVERY: Duration = Duration::from_millis(50);

impl Connection {
    pub async fn subscribe(&mut self, request: &Value) -> Told {
        let sampling = request["samplingMs"].as_f64().unwrap_or_default();
        self.monitor(ReadValueId::from(node(request, "node")?), sampling, ExtensionObject::null()).await
    }

    pub async fn subscribe_events(&mut self, request: &Value) -> Told {
        let mut selected = Vec::new();
        for field in request["fields"].as_array().into_iter().flatten() {
            let path = names(&field["path"]);
            let attribute = if path.is_empty() { AttributeId::NodeId } else { AttributeId::Value };
            selected.push(SimpleAttributeOperand {
                type_definition_id: node(field, "type")?,
                browse_path: Some(path),
                attribute_id: attribute as u32,
                index_range: Default::default(),
            });
        }
        let filter = EventFilter { select_clauses: Some(selected), where_clause: ContentFilter { elements: None } };
        let item = ReadValueId { attribute_id: AttributeId::EventNotifier as u32, ..ReadValueId::from(node(request, "node")?) };
        self.monitor(item, 0.0, ExtensionObject::from_message(filter)).await
    }

    async fn monitor(&mut self, item: ReadValueId, sampling: f64, filter: ExtensionObject) -> Told {
        let (data, queue) = unbounded_channel();
        let events = data.clone();
        let callbacks = SubscriptionCallbacks::new(
            |_| {},
            move |value, _| drop(data.send(told_data_value(&value))),
            move |fields, _| drop(events.send(fields.iter().flatten().map(told).collect())),
        );
        let subscription = self.session.create_subscription(PUBLISH_EVERY, 10_000, 50, 0, 0, true, callbacks).await?;
        let asked = MonitoredItemCreateRequest {
            item_to_monitor: item,
            monitoring_mode: MonitoringMode::Reporting,
            requested_parameters: MonitoringParameters {
                client_handle: 0,
                sampling_interval: sampling,
                filter,
                queue_size: LARGE_QUEUE,
                discard_oldest: true,
            },
        };
        let created = one(self.session.create_monitored_items(subscription, TimestampsToReturn::Both, vec![asked]).await?)?;
        if !created.result.status_code.is_good() {
            return Err(created.result.status_code.into());
        }
        self.queues.insert(subscription, queue);
        Ok(json!({ "subscription": subscription }))
    }

    pub async fn take(&mut self, request: &Value) -> Told {
        let subscription = request["subscription"].as_u64().unwrap_or_default() as u32;
        let queue = self.queues.get_mut(&subscription).ok_or_else(|| Failure::Client("no such subscription".into()))?;
        let limit = Duration::from_millis(request["withinMs"].as_u64().unwrap_or_default());
        let mut got = Vec::new();
        if let Ok(Some(first)) = timeout(limit, queue.recv()).await {
            got.push(first);
        }
        while let Ok(next) = queue.try_recv() {
            got.push(next);
        }
        Ok(json!({ "got": got }))
    }
}
