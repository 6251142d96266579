//! A session, and what is asked of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use opcua::client::{Client, ClientBuilder, IdentityToken, Session};
use opcua::crypto::SecurityPolicy;
use opcua::types::{
    AttributeId, BrowseDescription, BrowseDirection, BrowsePath, CallMethodRequest, DataValue, MessageSecurityMode, NodeId,
    ObjectId, QualifiedName, ReadValueId, ReferenceTypeId, RelativePath, RelativePathElement, StatusCode, TimestampsToReturn,
    UserTokenPolicy, Variant, WriteValue,
};
use serde_json::{json, Value};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::values::{told, told_data_value, variant};
use crate::{text, Failure, Told};

const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
const ALL_RESULTS: u32 = 0x3f;
const POLICIES: &str = "http://opcfoundation.org/UA/SecurityPolicy#";

pub struct Connection {
    pub session: Arc<Session>,
    /// What has come on each subscription.
    pub queues: HashMap<u32, UnboundedReceiver<Value>>,
}

pub async fn endpoints(request: &Value) -> Told {
    let found = client(&json!({}))?.get_server_endpoints_from_url(text(request, "url")).await?;
    let told: Vec<Value> = found
        .iter()
        .map(|each| json!({ "policy": each.security_policy_uri.as_ref(), "mode": each.security_mode as i32 }))
        .collect();
    Ok(json!({ "endpoints": told }))
}

fn client(application: &Value) -> Result<Client, Failure> {
    let mut builder = ClientBuilder::new()
        .application_name("interop")
        .application_uri(application["uri"].as_str().unwrap_or("urn:interop"))
        .pki_dir(std::env::temp_dir().join("interop-no-pki"))
        .trust_server_certs(true)
        .verify_server_certs(false)
        .request_timeout(REQUEST_TIMEOUT)
        .session_retry_limit(0);
    if !application.is_null() && application["certificate"].is_string() {
        builder = builder.certificate_path(text(application, "certificate")).private_key_path(text(application, "key"));
    }
    builder.client().map_err(|faults| Failure::Client(faults.join(", ")))
}

fn identity(user: &Value) -> Result<IdentityToken, Failure> {
    Ok(match (user["password"].as_str(), user["certificate"].as_str()) {
        (Some(password), _) => IdentityToken::UserName(text(user, "name").to_owned(), password.into()),
        (_, Some(certificate)) => IdentityToken::new_x509_path(certificate, text(user, "key"))?,
        _ => IdentityToken::Anonymous,
    })
}

fn unless_good(status: StatusCode) -> Result<(), Failure> {
    if status.is_good() {
        Ok(())
    } else {
        Err(status.into())
    }
}

pub fn node(request: &Value, key: &str) -> Result<NodeId, Failure> {
    text(request, key).parse().map_err(|_| Failure::Client(format!("{} is no NodeId", text(request, key))))
}

pub fn names(path: &Value) -> Vec<QualifiedName> {
    let steps = path.as_array().into_iter().flatten();
    steps.map(|step| QualifiedName::new(step["ns"].as_u64().unwrap_or_default() as u16, text(step, "name"))).collect()
}

impl Connection {
    pub async fn open(request: &Value) -> Result<Connection, Failure> {
        let mut client = client(&request["application"])?;
        let policy = SecurityPolicy::from_uri(&format!("{POLICIES}{}", text(request, "policy")));
        let user = identity(&request["user"])?;
        let (session, events) = if policy == SecurityPolicy::None {
            let wanted = (text(request, "url"), policy.to_str(), MessageSecurityMode::None, UserTokenPolicy::anonymous());
            client.connect_to_endpoint_directly(wanted, user)?
        } else {
            let wanted = (text(request, "url"), policy.to_str(), MessageSecurityMode::SignAndEncrypt, UserTokenPolicy::anonymous());
            client.connect_to_matching_endpoint(wanted, user).await?
        };
        let mut ended = events.spawn();
        tokio::select! {
            connected = session.wait_for_connection() => if !connected {
                return Err(ended.await.unwrap_or(StatusCode::BadNotConnected).into());
            },
            status = &mut ended => return Err(status.unwrap_or(StatusCode::BadNotConnected).into()),
        }
        session.disable_reconnects();
        Ok(Connection { session, queues: HashMap::new() })
    }

    pub async fn translate(&mut self, request: &Value) -> Told {
        let step = |name| RelativePathElement {
            reference_type_id: ReferenceTypeId::HierarchicalReferences.into(),
            is_inverse: false,
            include_subtypes: true,
            target_name: name,
        };
        let elements = names(&request["path"]).into_iter().map(step).collect();
        let path =
            BrowsePath { starting_node: ObjectId::RootFolder.into(), relative_path: RelativePath { elements: Some(elements) } };
        let result = one(self.session.translate_browse_paths_to_node_ids(&[path]).await?)?;
        unless_good(result.status_code)?;
        let target = one(result.targets.unwrap_or_default())?;
        Ok(json!({ "node": target.target_id.node_id.to_string() }))
    }

    pub async fn browse(&mut self, request: &Value) -> Told {
        let asked = BrowseDescription {
            node_id: node(request, "node")?,
            browse_direction: BrowseDirection::Forward,
            reference_type_id: ReferenceTypeId::HierarchicalReferences.into(),
            include_subtypes: true,
            node_class_mask: 0,
            result_mask: ALL_RESULTS,
        };
        let result = one(self.session.browse(&[asked], 0, None).await?)?;
        unless_good(result.status_code)?;
        let found = result.references.unwrap_or_default();
        let children: Vec<Value> = found
            .iter()
            .map(|each| json!({
                "ns": each.browse_name.namespace_index, "name": each.browse_name.name.as_ref(), "node": each.node_id.node_id.to_string(),
            }))
            .collect();
        Ok(json!({ "children": children }))
    }

    pub async fn read(&mut self, request: &Value) -> Told {
        let asked = ReadValueId::from(node(request, "node")?);
        let result = one(self.session.read(&[asked], TimestampsToReturn::Both, 0.0).await?)?;
        Ok(json!({ "value": told_data_value(&result) }))
    }

    pub async fn write(&mut self, request: &Value) -> Told {
        let asked = WriteValue {
            node_id: node(request, "node")?,
            attribute_id: AttributeId::Value as u32,
            index_range: Default::default(),
            value: DataValue { value: Some(variant(&request["value"])?), ..DataValue::null() },
        };
        unless_good(one(self.session.write(&[asked]).await?)?)?;
        Ok(json!({}))
    }

    pub async fn call(&mut self, request: &Value) -> Told {
        let given = request["arguments"].as_array().into_iter().flatten().map(variant);
        let asked = CallMethodRequest {
            object_id: node(request, "object")?,
            method_id: node(request, "method")?,
            input_arguments: Some(given.collect::<Result<Vec<Variant>, Failure>>()?),
        };
        let result = self.session.call_one(asked).await?;
        unless_good(result.status_code)?;
        let outputs: Vec<Value> = result.output_arguments.iter().flatten().map(told).collect();
        Ok(json!({ "outputs": outputs }))
    }
}

pub fn one<T>(results: Vec<T>) -> Result<T, Failure> {
    results.into_iter().next().ok_or_else(|| Failure::Client("the answer has no result".into()))
}
