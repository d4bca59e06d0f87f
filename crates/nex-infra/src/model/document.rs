//! IAM policy documents in a form that can be compared.

use nex_plan::Value;
use serde_json::Value as Json;

/// An IAM policy document in canonical form. IAM returns a list of one as a single value, and lists in any order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document(Json);

impl Document {
    /// The document's canonical form.
    pub fn new(json: Json) -> Self {
        Self(canonical(json))
    }

    /// Reads a document as IAM stores it.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text).map(Self::new)
    }

    /// The document as a plan's value.
    pub fn value(&self) -> Value {
        value(&self.0)
    }

    /// The document's JSON.
    pub fn as_json(&self) -> &Json {
        &self.0
    }
}

/// The JSON that IAM accepts.
impl std::fmt::Display for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

fn canonical(json: Json) -> Json {
    match json {
        Json::Array(items) => {
            let mut items: Vec<Json> = items.into_iter().map(canonical).collect();
            items.sort_by_key(Json::to_string);
            items.dedup();
            match <[Json; 1]>::try_from(items) {
                Ok([Json::String(text)]) => Json::String(text),
                Ok([item]) => Json::Array(vec![item]),
                Err(items) => Json::Array(items),
            }
        }
        Json::Object(entries) => Json::Object(
            entries
                .into_iter()
                .map(|(key, item)| (key, canonical(item)))
                .collect(),
        ),
        other => other,
    }
}

fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Absent,
        Json::Bool(b) => (*b).into(),
        Json::Number(n) => n
            .as_i64()
            .map_or_else(|| Value::from(n.to_string()), Value::from),
        Json::String(text) => text.into(),
        Json::Array(items) => statements(items),
        Json::Object(entries) => Value::map(entries.iter().map(|(k, v)| (k, value(v)))),
    }
}

/// A plan shows statements by their `Sid`, so that it names the statement that changes.
fn statements(items: &[Json]) -> Value {
    let sid = |item: &Json| item.get("Sid").and_then(Json::as_str).map(str::to_owned);
    let sids: Option<Vec<String>> = items.iter().map(sid).collect();
    match sids {
        Some(sids) if !sids.is_empty() => Value::map(sids.into_iter().zip(items.iter().map(value))),
        _ => Value::set(items.iter().map(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_list_of_one_is_the_same_as_its_value_in_any_order() {
        let a = json!({"Statement": [{"Sid": "A", "Action": ["s3:Put", "s3:Get"]}, {"Sid": "B", "Action": ["x"]}]});
        let b = json!({"Statement": [{"Sid": "B", "Action": "x"}, {"Sid": "A", "Action": ["s3:Get", "s3:Put"]}]});
        assert_eq!(Document::new(a.clone()), Document::new(b));
        let text = Document::new(a.clone()).to_string();
        assert_eq!(Document::parse(&text).ok(), Some(Document::new(a)));
    }
}
