//! Does with Rust async-opcua what test/interop/protocol.ts asks for: a JSON request a line in, a JSON answer a line out.

mod connection;
mod subscriptions;
mod values;

use std::collections::HashMap;
use std::io::{BufRead, Write};

use connection::{endpoints, Connection};
use opcua::types::{Error, StatusCode};
use serde_json::{json, Value};

/// Why a request came to nothing.
pub enum Failure {
    Status(StatusCode),
    Client(String),
}

impl From<StatusCode> for Failure {
    fn from(status: StatusCode) -> Self {
        Failure::Status(status)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Status(error.status())
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Failure::Client(text)
    }
}

pub type Told = Result<Value, Failure>;

#[tokio::main]
async fn main() {
    let mut connections = HashMap::new();
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let request: Value = serde_json::from_str(&line).unwrap_or_default();
        let answer = match perform(&mut connections, &request).await {
            Ok(told) => told,
            Err(Failure::Status(status)) => json!({ "status": status.bits() }),
            Err(Failure::Client(text)) => json!({ "failed": text }),
        };
        println!("{answer}");
        let _ = std::io::stdout().flush();
    }
}

async fn perform(connections: &mut HashMap<String, Connection>, request: &Value) -> Told {
    let name = text(request, "connection");
    let asked = text(request, "do");
    match asked {
        "hello" => return Ok(json!({ "stack": "Rust async-opcua" })),
        "endpoints" => return endpoints(request).await,
        "connect" => {
            connections.insert(name.to_owned(), Connection::open(request).await?);
            return Ok(json!({}));
        }
        "close" => {
            let closed = connections.remove(name).ok_or_else(|| format!("there is no connection {name}"))?;
            closed.session.disconnect().await?;
            return Ok(json!({}));
        }
        _ => {}
    }
    let to = connections.get_mut(name).ok_or_else(|| format!("there is no connection {name}"))?;
    match asked {
        "translate" => to.translate(request).await,
        "browse" => to.browse(request).await,
        "read" => to.read(request).await,
        "write" => to.write(request).await,
        "call" => to.call(request).await,
        "subscribe" => to.subscribe(request).await,
        "subscribeEvents" => to.subscribe_events(request).await,
        "take" => to.take(request).await,
        _ => Err(format!("unknown request {asked}").into()),
    }
}

/// A text of the request, empty where there is none.
pub fn text<'a>(request: &'a Value, key: &str) -> &'a str {
    request[key].as_str().unwrap_or_default()
}
