//! One DNS record: as it is asked for, as it is kept, and the rules in between.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::content::{self, Content};
use super::envelope::ApiError;
use super::name;
use super::zone::Plan;

/// A record as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) content: Content,
    pub(super) priority: Option<u16>,
    pub(super) ttl: u32,
    pub(super) proxied: bool,
    pub(super) comment: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) settings: Map<String, Value>,
    pub(super) created_on: String,
    pub(super) modified_on: String,
}

/// A record as it is asked for. What is left out has its default.
#[derive(Debug, Deserialize)]
struct Draft {
    #[serde(rename = "type")]
    kind: Option<String>,
    name: Option<String>,
    content: Option<String>,
    data: Option<Value>,
    priority: Option<u16>,
    ttl: Option<f64>,
    proxied: Option<bool>,
    comment: Option<String>,
    tags: Option<Vec<String>>,
    settings: Option<Map<String, Value>>,
}

/// Where and when a record comes to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) zone: &'a str,
    pub(super) plan: Plan,
    pub(super) now: &'a str,
}

impl Record {
    /// A record from what a POST or PUT asks for.
    pub(super) fn new(id: String, body: &Value, place: Place<'_>) -> Result<Self, ApiError> {
        let draft = Draft::deserialize(body)
            .map_err(|why| ApiError::body(format!("Request body is invalid: {why}.")))?;
        let kind = draft
            .kind
            .ok_or_else(|| content::required("type"))?
            .to_uppercase();
        let input = draft.name.ok_or_else(|| content::required("name"))?;
        let name = name::canonical(&input, place.zone)?;
        let proxied = draft.proxied.unwrap_or(false);
        let content = content::check(&kind, &name, draft.content.as_deref(), draft.data.as_ref())?;
        check_proxied(&kind, &content.text, proxied)?;
        let comment = draft.comment.filter(|comment| !comment.is_empty());
        check_notes(comment.as_deref(), draft.tags.as_deref(), place.plan)?;
        Ok(Self {
            id,
            priority: priority(&kind, draft.priority, &content)?,
            ttl: ttl(draft.ttl, proxied)?,
            kind,
            name,
            content,
            proxied,
            comment,
            tags: draft.tags.unwrap_or_default(),
            settings: draft.settings.unwrap_or_default(),
            created_on: place.now.to_owned(),
            modified_on: place.now.to_owned(),
        })
    }

    /// All of it anew, as PUT has it: what is left out gets its default.
    pub(super) fn replaced(&self, body: &Value, place: Place<'_>) -> Result<Self, ApiError> {
        let mut new = Self::new(self.id.clone(), body, place)?;
        new.created_on.clone_from(&self.created_on);
        Ok(new)
    }

    /// With some fields anew, as PATCH has it: what is left out stays.
    pub(super) fn merged(&self, body: &Value, place: Place<'_>) -> Result<Self, ApiError> {
        let changes = body
            .as_object()
            .ok_or_else(|| ApiError::body("Request body is invalid."))?;
        let mut whole = self.asked();
        // Text and fields are two forms of one thing: the new one wins.
        if changes.contains_key("content") || changes.contains_key("type") {
            whole.remove("data");
        }
        whole.extend(changes.clone());
        self.replaced(&Value::Object(whole), place)
    }

    /// What one would ask for to get this very record.
    fn asked(&self) -> Map<String, Value> {
        let whole = json!({
            "type": self.kind,
            "name": self.name,
            "content": self.content.text,
            "data": self.content.data,
            "priority": self.priority,
            "ttl": self.ttl,
            "proxied": self.proxied,
            "comment": self.comment,
            "tags": self.tags,
            "settings": self.settings,
        });
        match whole {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }

    /// As the API shows it.
    pub(super) fn shown(&self) -> Value {
        let mut whole = self.asked();
        whole
            .retain(|key, value| !(matches!(key.as_str(), "data" | "priority") && value.is_null()));
        whole.insert("id".into(), json!(self.id));
        whole.insert("meta".into(), json!({}));
        whole.insert(
            "proxiable".into(),
            json!(
                content::is_proxiable(&self.kind)
                    && content::is_allowed_behind_proxy(&self.content.text)
            ),
        );
        whole.insert("created_on".into(), json!(self.created_on));
        whole.insert("modified_on".into(), json!(self.modified_on));
        if self.comment.is_some() {
            whole.insert("comment_modified_on".into(), json!(self.modified_on));
        }
        Value::Object(whole)
    }

    /// Whether both say the same to a resolver.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.name == other.name
            && self.content.text == other.content.text
            && self.priority == other.priority
    }
}

/// A proxied record's TTL is automatic, whatever was asked for.
fn ttl(asked: Option<f64>, proxied: bool) -> Result<u32, ApiError> {
    let ttl = asked.unwrap_or(1.0);
    if ttl != 1.0 && !(60.0..=86400.0).contains(&ttl) {
        return Err(ApiError::wrapped(
            9021,
            "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.",
        ));
    }
    Ok(if proxied { 1 } else { ttl as u32 })
}

fn check_proxied(kind: &str, target: &str, proxied: bool) -> Result<(), ApiError> {
    if proxied && !content::is_proxiable(kind) {
        return Err(ApiError::record(
            9004,
            "This record type cannot be proxied.",
        ));
    }
    if proxied && !content::is_allowed_behind_proxy(target) {
        return Err(ApiError::record(
            9003,
            format!("Target {target} is not allowed for a proxied record."),
        ));
    }
    Ok(())
}

fn check_notes(comment: Option<&str>, tags: Option<&[String]>, plan: Plan) -> Result<(), ApiError> {
    let length = comment.map_or(0, |comment| comment.chars().count());
    if length > plan.comment_length() {
        return Err(ApiError::record(
            9313,
            format!(
                "DNS record comment exceeds the maximum length of {} characters.",
                plan.comment_length()
            ),
        ));
    }
    let count = tags.map_or(0, <[String]>::len);
    if count > plan.tags() {
        return Err(ApiError::wrapped(
            9300,
            format!(
                "DNS record has {count} tags, exceeding the quota of {}.",
                plan.tags()
            ),
        ));
    }
    Ok(())
}

/// SRV and URI may have it among their fields.
fn priority(kind: &str, asked: Option<u16>, content: &Content) -> Result<Option<u16>, ApiError> {
    if !content::has_priority(kind) {
        return Ok(None);
    }
    let field = content
        .data
        .as_ref()
        .and_then(|data| data["priority"].as_u64());
    asked
        .or_else(|| field.and_then(|field| u16::try_from(field).ok()))
        .map(Some)
        .ok_or_else(|| content::required("priority"))
}
