//! A DNS record: how a request describes it, how it is stored, and the checks in between.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::content::{self, Content};
use super::envelope::ApiError;
use super::name;
use super::plan::Plan;

/// A stored record.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) content: Content,
    pub(super) priority: Option<u16>,
    /// Seconds; 1 stands for automatic.
    pub(super) ttl: u32,
    pub(super) proxied: bool,
    pub(super) comment: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) settings: Map<String, Value>,
    /// What other products of Cloudflare's keep about the record.
    pub(super) meta: Map<String, Value>,
    pub(super) created_on: String,
    pub(super) modified_on: String,
}

/// A record in the body of a request. Missing fields get their defaults.
#[derive(Debug, Deserialize)]
struct RecordRequest {
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

/// What the checks of a record depend on besides the request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) zone: &'a str,
    pub(super) plan: Plan,
    pub(super) now: &'a str,
}

impl Record {
    /// Creates a record from the body of a POST or PUT.
    pub(super) fn new(id: String, body: &Value, context: Context<'_>) -> Result<Self, ApiError> {
        let request = RecordRequest::deserialize(body).map_err(|error| {
            ApiError::invalid_body(format!("Request body is invalid: {error}."))
        })?;
        let kind = request
            .kind
            .ok_or_else(|| content::required("type"))?
            .to_uppercase();
        let name = request.name.ok_or_else(|| content::required("name"))?;
        let name = name::canonical(&name, context.zone)?;
        let proxied = request.proxied.unwrap_or(false);
        let (text, data) = (request.content.as_deref(), request.data.as_ref());
        let content = content::check(&kind, &name, text, data)?;
        if proxied {
            check_proxied(&kind, &content.text)?;
        }
        let comment = request.comment.filter(|comment| !comment.is_empty());
        check_comment(comment.as_deref(), context.plan)?;
        let tags = request.tags.unwrap_or_default();
        check_tags(&tags, context.plan)?;
        let priority = priority(&kind, request.priority, &content)?;
        let ttl = ttl(request.ttl)?;
        Ok(Self {
            id,
            priority,
            // Cloudflare ignores the TTL of a proxied record.
            ttl: if proxied { 1 } else { ttl },
            kind,
            name,
            content,
            proxied,
            comment,
            tags,
            settings: request.settings.unwrap_or_default(),
            meta: Map::new(),
            created_on: context.now.to_owned(),
            modified_on: context.now.to_owned(),
        })
    }

    /// Replaces the record, as PUT does: missing fields get their defaults.
    pub(super) fn replaced(&self, body: &Value, context: Context<'_>) -> Result<Self, ApiError> {
        let mut new = Self::new(self.id.clone(), body, context)?;
        new.created_on.clone_from(&self.created_on);
        new.meta.clone_from(&self.meta);
        Ok(new)
    }

    /// Changes the record, as PATCH does: missing fields keep their values.
    pub(super) fn merged(&self, body: &Value, context: Context<'_>) -> Result<Self, ApiError> {
        let changes = body
            .as_object()
            .ok_or_else(|| ApiError::invalid_body("Request body is invalid."))?;
        let mut merged = self.to_request();
        // `content` and `data` describe the same value, so a new `content` replaces the old `data`.
        if changes.contains_key("content") || changes.contains_key("type") {
            merged.remove("data");
        }
        merged.extend(changes.clone());
        self.replaced(&Value::Object(merged), context)
    }

    /// The request body that creates this record.
    fn to_request(&self) -> Map<String, Value> {
        let request = json!({
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
        match request {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }

    /// The record as the API returns it.
    pub(super) fn to_json(&self) -> Value {
        let mut fields = self.to_request();
        for optional in ["data", "priority"] {
            if fields.get(optional).is_some_and(Value::is_null) {
                fields.remove(optional);
            }
        }
        let proxiable = content::is_proxiable(&self.kind)
            && content::is_allowed_behind_proxy(&self.content.text);
        fields.insert("id".into(), json!(self.id));
        fields.insert("meta".into(), json!(self.meta));
        fields.insert("proxiable".into(), json!(proxiable));
        fields.insert("created_on".into(), json!(self.created_on));
        fields.insert("modified_on".into(), json!(self.modified_on));
        if self.comment.is_some() {
            fields.insert("comment_modified_on".into(), json!(self.modified_on));
        }
        Value::Object(fields)
    }

    /// Whether another product of Cloudflare's keeps the record, so that nobody can change it here.
    pub(super) fn is_read_only(&self) -> bool {
        self.meta.get("read_only") == Some(&Value::Bool(true))
    }

    /// Whether Workers made the record for a custom domain.
    pub(super) fn is_of_workers(&self) -> bool {
        self.meta.contains_key("origin_worker_id")
    }

    /// Whether both records give a resolver the same answer, apart from the TTL.
    pub(super) fn has_same_answer(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.name == other.name
            && self.content.text == other.content.text
            && self.priority == other.priority
    }
}

/// The requested TTL in seconds; 1 stands for automatic.
fn ttl(requested: Option<f64>) -> Result<u32, ApiError> {
    let ttl = requested.unwrap_or(1.0);
    if ttl == 1.0 || (60.0..=86400.0).contains(&ttl) {
        Ok(ttl as u32)
    } else {
        Err(ApiError::wrapped(
            9021,
            "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.",
        ))
    }
}

fn check_proxied(kind: &str, target: &str) -> Result<(), ApiError> {
    if !content::is_proxiable(kind) {
        return Err(ApiError::invalid_record(
            9004,
            "This record type cannot be proxied.",
        ));
    }
    if !content::is_allowed_behind_proxy(target) {
        return Err(ApiError::invalid_record(
            9003,
            format!("Target {target} is not allowed for a proxied record."),
        ));
    }
    Ok(())
}

fn check_comment(comment: Option<&str>, plan: Plan) -> Result<(), ApiError> {
    let length = comment.map_or(0, |comment| comment.chars().count());
    let max = plan.max_comment_length();
    if length > max {
        return Err(ApiError::invalid_record(
            9313,
            format!("DNS record comment exceeds the maximum length of {max} characters."),
        ));
    }
    Ok(())
}

fn check_tags(tags: &[String], plan: Plan) -> Result<(), ApiError> {
    let (count, max) = (tags.len(), plan.max_tags());
    if count > max {
        return Err(ApiError::wrapped(
            9300,
            format!("DNS record has {count} tags, exceeding the quota of {max}."),
        ));
    }
    Ok(())
}

/// The record's priority. SRV and URI records may have it in their data instead.
fn priority(
    kind: &str,
    requested: Option<u16>,
    content: &Content,
) -> Result<Option<u16>, ApiError> {
    if !content::has_priority(kind) {
        return Ok(None);
    }
    let in_data = content
        .data
        .as_ref()
        .and_then(|data| data["priority"].as_u64());
    requested
        .or_else(|| in_data.and_then(|priority| u16::try_from(priority).ok()))
        .map(Some)
        .ok_or_else(|| content::required("priority"))
}
