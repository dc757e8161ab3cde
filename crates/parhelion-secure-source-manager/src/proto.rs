//! The API's messages: structs made from `proto/`, and the descriptors that give their JSON form and routes.

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, ReflectMessage, SerializeOptions};
use serde_json::Value;
use std::sync::LazyLock;

/// Generated code, in modules that mirror the packages (its types name each other by `super`).
#[allow(missing_docs, dead_code, clippy::all, reason = "made by scripts/protos, not by hand")]
mod google {
    pub mod cloud {
        pub mod location {
            include!("generated/google.cloud.location.rs");
        }
        pub mod securesourcemanager {
            pub mod v1 {
                include!("generated/google.cloud.securesourcemanager.v1.rs");
            }
        }
    }
    pub mod longrunning {
        include!("generated/google.longrunning.rs");
    }
    pub mod iam {
        pub mod v1 {
            include!("generated/google.iam.v1.rs");
        }
    }
    pub mod rpc {
        include!("generated/google.rpc.rs");
    }
    pub mod r#type {
        include!("generated/google.r#type.rs");
    }
}

pub use google::{
    cloud::location, cloud::securesourcemanager::v1, iam::v1 as iam, longrunning, rpc, r#type::Expr,
};

/// All descriptors.
pub static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the bytes are part of the program; a test reads them")]
    DescriptorPool::decode(include_bytes!("generated/fds.bin").as_slice())
        .expect("descriptors that protox wrote")
});

/// The package of the API proper.
pub const PACKAGE: &str = "google.cloud.securesourcemanager.v1";

/// What an [`prost_types::Any`] calls a message of that name.
pub fn type_url(full_name: &str) -> String {
    format!("type.googleapis.com/{full_name}")
}

/// The descriptor of a message of [`PACKAGE`].
pub fn descriptor(short_name: &str) -> Option<MessageDescriptor> {
    POOL.get_message_by_name(&format!("{PACKAGE}.{short_name}"))
}

/// The proto3 JSON form of a message: 64-bit numbers as strings, defaults left out.
pub fn to_json(message: &DynamicMessage) -> Value {
    let options = SerializeOptions::new().stringify_64_bit_integers(true).skip_default_fields(true);
    let mut json =
        message.serialize_with_options(serde_json::value::Serializer, &options).unwrap_or(Value::Null);
    strip_empty(&mut json);
    json
}

/// The same as an indented text.
pub fn to_pretty(message: &DynamicMessage) -> Vec<u8> {
    // Only operations hold packed messages; anything else goes the short way.
    if message.descriptor().package_name() == "google.longrunning" {
        return serde_json::to_vec_pretty(&to_json(message)).unwrap_or_default();
    }
    let options = SerializeOptions::new().stringify_64_bit_integers(true).skip_default_fields(true);
    let mut text = Vec::with_capacity(1024);
    let mut serializer = serde_json::Serializer::pretty(&mut text);
    // A message of known types always has a JSON form.
    let _ = message.serialize_with_options(&mut serializer, &options);
    text
}

/// The JSON form of a message of [`PACKAGE`].
pub fn json_of(short_name: &str, message: &impl Message) -> Value {
    let bytes = message.encode_to_vec();
    let decoded = descriptor(short_name).and_then(|d| DynamicMessage::decode(d, bytes.as_slice()).ok());
    decoded.map_or(Value::Null, |m| to_json(&m))
}

/// The JSON form of an error's message.
pub fn status_json(status: &rpc::Status) -> Value {
    let descriptor = POOL.get_message_by_name("google.rpc.Status");
    let bytes = status.encode_to_vec();
    let decoded = descriptor.and_then(|d| DynamicMessage::decode(d, bytes.as_slice()).ok());
    decoded.map_or(Value::Null, |m| to_json(&m))
}

/// OBSERVED: Google writes a packed `Empty` without the `value` that proto3 JSON gives well-known types.
fn strip_empty(json: &mut Value) {
    match json {
        Value::Object(members) => {
            if members.get("@type").is_some_and(|t| t == "type.googleapis.com/google.protobuf.Empty") {
                members.remove("value");
            }
            members.values_mut().for_each(strip_empty);
        }
        Value::Array(items) => items.iter_mut().for_each(strip_empty),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_empty_is_its_type_alone() {
        let empty = prost_types::Any { type_url: type_url("google.protobuf.Empty"), value: Vec::new() };
        let operation = longrunning::Operation {
            name: "x".to_owned(),
            done: true,
            result: Some(longrunning::operation::Result::Response(empty)),
            ..Default::default()
        };
        let descriptor = POOL.get_message_by_name("google.longrunning.Operation").unwrap();
        let message = DynamicMessage::decode(descriptor, operation.encode_to_vec().as_slice()).unwrap();
        let expected =
            r#"{"name":"x","done":true,"response":{"@type":"type.googleapis.com/google.protobuf.Empty"}}"#;
        assert_eq!(to_json(&message).to_string(), expected);
    }
}
