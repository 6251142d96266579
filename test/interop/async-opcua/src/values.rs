//! Between JSON and OPC UA values.

use opcua::types::{
    Array, ByteString, DataValue, EnumValueType, LocalizedText, UAString, Variant, VariantScalarTypeId, VariantTypeId,
};
use serde_json::{json, Value};

use crate::{text, Failure};

pub fn variant(typed: &Value) -> Result<Variant, Failure> {
    let kind = text(typed, "type");
    let Some(items) = typed["value"].as_array() else {
        return scalar(kind, &typed["value"]);
    };
    let values = items.iter().map(|each| scalar(kind, each)).collect::<Result<Vec<Variant>, Failure>>()?;
    let of = values.first().and_then(Variant::scalar_type_id).unwrap_or(VariantScalarTypeId::Double);
    Ok(Array::new(of, values).map_err(|_| Failure::Client("no array".into()))?.into())
}

fn scalar(kind: &str, value: &Value) -> Result<Variant, Failure> {
    let text = value.as_str().unwrap_or_default();
    Ok(match kind {
        "Boolean" => Variant::Boolean(value.as_bool().unwrap_or_default()),
        "Int32" => Variant::Int32(value.as_i64().unwrap_or_default() as i32),
        "UInt32" => Variant::UInt32(value.as_u64().unwrap_or_default() as u32),
        "Float" => Variant::Float(value.as_f64().unwrap_or(f64::NAN) as f32),
        "Double" => Variant::Double(value.as_f64().unwrap_or(f64::NAN)),
        "String" => Variant::String(UAString::from(text)),
        "ByteString" => Variant::ByteString(ByteString::from_base64(text).unwrap_or_default()),
        "LocalizedText" => Variant::from(LocalizedText::new("", text)),
        _ => return Err(Failure::Client(format!("no type {kind}"))),
    })
}

pub fn told_data_value(value: &DataValue) -> Value {
    let mut as_json = json!({ "status": value.status().bits(), "value": null });
    if let Some(of) = &value.value {
        as_json["value"] = told(of);
        as_json["type"] = json!(type_name(of));
    }
    if let Some(time) = &value.source_timestamp {
        as_json["sourceTime"] = json!(time.to_rfc3339());
    }
    if let Some(time) = &value.server_timestamp {
        as_json["serverTime"] = json!(time.to_rfc3339());
    }
    as_json
}

fn type_name(value: &Variant) -> String {
    match value.type_id() {
        VariantTypeId::Scalar(of) | VariantTypeId::Array(of, _) => format!("{of:?}"),
        _ => "Null".into(),
    }
}

pub fn told(value: &Variant) -> Value {
    match value {
        Variant::Boolean(of) => json!(of),
        Variant::SByte(of) => json!(of),
        Variant::Byte(of) => json!(of),
        Variant::Int16(of) => json!(of),
        Variant::UInt16(of) => json!(of),
        Variant::Int32(of) => json!(of),
        Variant::UInt32(of) => json!(of),
        Variant::Int64(of) => json!(of),
        Variant::UInt64(of) => json!(of),
        Variant::Float(of) => json!(of),
        Variant::Double(of) => json!(of),
        Variant::String(of) => json!(of.as_ref()),
        Variant::DateTime(of) => json!(of.to_rfc3339()),
        Variant::StatusCode(of) => json!(of.bits()),
        Variant::ByteString(of) => json!(of.as_base64()),
        Variant::LocalizedText(of) => json!({ "locale": of.locale.as_ref(), "text": of.text.as_ref() }),
        Variant::NodeId(of) => json!(of.to_string()),
        Variant::ExtensionObject(of) => match of.inner_as::<EnumValueType>() {
            Some(named) => json!({ "value": named.value, "displayName": named.display_name.text.as_ref() }),
            None => json!(of.type_name()),
        },
        Variant::Array(of) => of.values.iter().map(told).collect(),
        Variant::Empty => Value::Null,
        other => json!(format!("{other:?}")),
    }
}
