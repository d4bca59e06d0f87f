//! The schema of an environment's file, and the messages about values that the schema refuses.

use std::sync::LazyLock;

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{JsonType, ValidationError, Validator};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::default_prefix;

/// An environment's file. Without `aws`, `gitlab` and `runner`, the environment is a zone alone; without `dns`, someone
/// else manages the zone.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Spec")]
struct File {
    /// The environment's name, as in `environments/NAME.toml` and in the names of its resources.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9-]{0,19}$"))]
    name: String,
    /// The first part of the names of resources, before the environment's name.
    #[serde(default = "default_prefix")]
    #[schemars(regex(pattern = r"^[a-z][a-z0-9-]{0,19}$"))]
    prefix: String,
    /// AWS: network, server, storage, fleet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "nex_infra::Spec")]
    aws: Option<nex_infra::Spec>,
    /// The GitLab server's configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "nex_gitlab::Spec")]
    gitlab: Option<nex_gitlab::Spec>,
    /// The runners' configuration.
    #[serde(default)]
    runner: nex_runner::Spec,
    /// Cloudflare: zone, records, settings, certificates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "nex_dns::Spec")]
    dns: Option<nex_dns::Spec>,
}

/// The JSON Schema of an environment's file.
pub fn schema() -> Json {
    schemars::schema_for!(File).to_value()
}

/// The compiled schema. It can't fail to compile: the schema is fixed at build time, and the tests compile it.
pub(super) static VALIDATOR: LazyLock<Validator> =
    LazyLock::new(|| jsonschema::validator_for(&schema()).expect("a valid schema"));

pub(super) fn strings(list: &Json) -> Vec<String> {
    let items = list.as_array().into_iter().flatten();
    items
        .filter_map(|i| i.as_str().map(str::to_owned))
        .collect()
}

/// The fields of the object that has the unknown field, from the schema.
pub(super) fn known_fields(error: &ValidationError<'_>) -> Vec<String> {
    let schema = schema();
    let path = error.schema_path().as_str();
    let object = path.strip_suffix("/additionalProperties").unwrap_or(path);
    let properties = schema.pointer(&format!("{object}/properties"));
    let fields = properties.and_then(Json::as_object);
    fields
        .map(|f| f.keys().cloned().collect())
        .unwrap_or_default()
}

/// The schema's description of a field that has the wrong form. A regular expression alone is hard to read.
pub(super) fn described(error: &ValidationError<'_>) -> Option<String> {
    let schema = schema();
    let (field, _) = error.schema_path().as_str().rsplit_once('/')?;
    let field = schema.pointer(field)?;
    let form = field.get("pattern").and_then(Json::as_str)?;
    let description = field.get("description").and_then(Json::as_str)?;
    let description = description.replace('\n', " ");
    Some(format!("{description} (of the form {form})"))
}

pub(super) fn refused(kind: &Kind, value: &Json) -> (String, Option<String>) {
    let shown = match value {
        Json::String(text) => format!("{text:?}"),
        other => other.to_string(),
    };
    let is = |what: &str| format!("{shown} is {what}");
    match kind {
        Kind::Enum { options } => (
            is("not one of the values"),
            Some(strings(options).join(", ")),
        ),
        Kind::Type { kind } => {
            let allowed = type_names(kind);
            (is("of the wrong type"), Some(allowed))
        }
        Kind::Minimum { limit } => (is("too small"), Some(format!("{limit} or more"))),
        Kind::Maximum { limit } => (is("too large"), Some(format!("{limit} or less"))),
        Kind::MinLength { limit } => (is("too short"), Some(format!("{limit} characters or more"))),
        Kind::MaxLength { limit } => (is("too long"), Some(format!("{limit} characters or less"))),
        Kind::MinItems { limit } => (is("too short"), Some(format!("{limit} entries or more"))),
        Kind::Pattern { pattern } => (is("not of the right form"), Some(pattern.clone())),
        _ => (is("not allowed"), None),
    }
}

fn type_names(kind: &TypeKind) -> String {
    let types: Vec<JsonType> = match kind {
        TypeKind::Single(kind) => vec![*kind],
        TypeKind::Multiple(kinds) => kinds.iter().collect(),
    };
    let words = types.into_iter().map(|kind| match kind {
        JsonType::Null => "nothing",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "a whole number",
        JsonType::Number => "a number",
        JsonType::String => "text",
        JsonType::Array => "a list",
        JsonType::Object => "a table",
    });
    words.collect::<Vec<_>>().join(" or ")
}
