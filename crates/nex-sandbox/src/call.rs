//! Which service and operation a request is for.

use http::Method;
use http::request::Parts;
use serde::{Deserialize, Serialize};

/// A call as the rules and the record see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The service as in the signature: `ec2`, `autoscaling`, `s3`, `dlm`, ...
    pub service: String,
    /// The operation: `RunInstances`, `PutBucketTagging`, ...
    pub operation: String,
    /// Whether it changes something.
    pub mutating: bool,
}

/// What an operation that changes nothing starts with.
const READS: [&str; 9] = [
    "Describe",
    "Get",
    "List",
    "Head",
    "Filter",
    "Lookup",
    "Search",
    "Simulate",
    "AssumeRole",
];

/// S3's sub-resources: the query key, and what the operation on it is called after `Put`, `Get`
/// and `Delete`.
const BUCKET_PARTS: [(&str, &str); 16] = [
    ("acl", "BucketAcl"),
    ("cors", "BucketCors"),
    ("encryption", "BucketEncryption"),
    ("lifecycle", "BucketLifecycleConfiguration"),
    ("location", "BucketLocation"),
    ("logging", "BucketLogging"),
    ("notification", "BucketNotificationConfiguration"),
    ("object-lock", "ObjectLockConfiguration"),
    ("ownershipControls", "BucketOwnershipControls"),
    ("policy", "BucketPolicy"),
    ("policyStatus", "BucketPolicyStatus"),
    ("publicAccessBlock", "PublicAccessBlock"),
    ("replication", "BucketReplication"),
    ("tagging", "BucketTagging"),
    ("versioning", "BucketVersioning"),
    ("website", "BucketWebsite"),
];

impl Call {
    /// Understands a request from its head and body.
    pub(crate) fn of(head: &Parts, body: &[u8]) -> Self {
        let service = service(head);
        let operation = match service.as_str() {
            "s3" => s3(head),
            "dlm" => dlm(head),
            _ => target(head)
                .or_else(|| action(body))
                .or_else(|| action(head.uri.query().unwrap_or_default().as_bytes()))
                .unwrap_or_else(|| format!("{} {}", head.method, head.uri.path())),
        };
        let mutating = !READS.iter().any(|verb| operation.starts_with(verb));
        Self {
            service,
            operation,
            mutating,
        }
    }
}

/// The fourth part of the credential scope, in the header or in a presigned query.
fn service(head: &Parts) -> String {
    let header = head.headers.get(http::header::AUTHORIZATION);
    let scope = header
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once("Credential="))
        .map(|(_, rest)| rest.split([',', ' ']).next().unwrap_or_default().to_owned())
        .or_else(|| {
            query(head)
                .find(|(key, _)| *key == "X-Amz-Credential")
                .map(|(_, value)| value.replace("%2F", "/"))
        });
    scope
        .as_deref()
        .and_then(|scope| scope.split('/').nth(3))
        .unwrap_or("unknown")
        .to_ascii_lowercase()
}

fn target(head: &Parts) -> Option<String> {
    let value = head.headers.get("x-amz-target")?.to_str().ok()?;
    value.rsplit('.').next().map(str::to_owned)
}

fn action(form: &[u8]) -> Option<String> {
    form.split(|&byte| byte == b'&')
        .find_map(|pair| pair.strip_prefix(b"Action="))
        .map(|value| String::from_utf8_lossy(value).into_owned())
}

fn query(head: &Parts) -> impl Iterator<Item = (&str, &str)> {
    head.uri
        .query()
        .unwrap_or_default()
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn has(head: &Parts, key: &str) -> bool {
    query(head).any(|(name, _)| name == key)
}

fn s3(head: &Parts) -> String {
    let path = head.uri.path().trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    if bucket.is_empty() {
        return "ListBuckets".into();
    }
    if key.is_empty() {
        return s3_bucket(head);
    }
    let object = if has(head, "tagging") {
        "ObjectTagging"
    } else {
        "Object"
    };
    match head.method {
        Method::PUT if has(head, "uploadId") => "UploadPart".into(),
        Method::PUT if head.headers.contains_key("x-amz-copy-source") => "CopyObject".into(),
        Method::POST if has(head, "uploads") => "CreateMultipartUpload".into(),
        Method::POST if has(head, "uploadId") => "CompleteMultipartUpload".into(),
        Method::DELETE if has(head, "uploadId") => "AbortMultipartUpload".into(),
        _ => format!("{}{object}", verb(&head.method)),
    }
}

fn s3_bucket(head: &Parts) -> String {
    if let Some((_, part)) = BUCKET_PARTS.iter().find(|(key, _)| has(head, key)) {
        return match (&head.method, *part) {
            (&Method::DELETE, "BucketLifecycleConfiguration") => "DeleteBucketLifecycle".into(),
            (method, part) => format!("{}{part}", verb(method)),
        };
    }
    match head.method {
        Method::PUT => "CreateBucket".into(),
        Method::HEAD => "HeadBucket".into(),
        Method::DELETE => "DeleteBucket".into(),
        Method::POST => "DeleteObjects".into(),
        _ if has(head, "versions") => "ListObjectVersions".into(),
        _ if has(head, "uploads") => "ListMultipartUploads".into(),
        _ if has(head, "list-type") => "ListObjectsV2".into(),
        _ => "ListObjects".into(),
    }
}

fn verb(method: &Method) -> &'static str {
    match *method {
        Method::PUT => "Put",
        Method::DELETE => "Delete",
        Method::HEAD => "Head",
        Method::POST => "Post",
        _ => "Get",
    }
}

fn dlm(head: &Parts) -> String {
    let path = head.uri.path().trim_matches('/');
    let (kind, name) = path.split_once('/').unwrap_or((path, ""));
    match (kind, &head.method) {
        ("policies", &Method::POST) => "CreateLifecyclePolicy".into(),
        ("policies", &Method::GET) if name.is_empty() => "GetLifecyclePolicies".into(),
        ("policies", &Method::GET) => "GetLifecyclePolicy".into(),
        ("policies", &Method::PATCH) => "UpdateLifecyclePolicy".into(),
        ("policies", &Method::DELETE) => "DeleteLifecyclePolicy".into(),
        ("tags", &Method::GET) => "ListTagsForResource".into(),
        ("tags", &Method::POST) => "TagResource".into(),
        ("tags", &Method::DELETE) => "UntagResource".into(),
        (_, method) => format!("{method} /{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(service: &str, method: &str, uri: &str, headers: &[(&str, &str)], body: &str) -> Call {
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-3/{service}/aws4_request, x=y"
        );
        let mut request = http::Request::builder()
            .method(method)
            .uri(uri)
            .header("authorization", scope);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).expect("a request").into_parts();
        Call::of(&head, body.as_bytes())
    }

    #[test]
    fn operations_are_understood() {
        for (service, method, uri, body, operation, mutating) in [
            (
                "ec2",
                "POST",
                "/",
                "Action=RunInstances&Version=2016",
                "RunInstances",
                true,
            ),
            (
                "ec2",
                "POST",
                "/",
                "Version=2016&Action=DescribeVpcs",
                "DescribeVpcs",
                false,
            ),
            ("s3", "GET", "/", "", "ListBuckets", false),
            ("s3", "PUT", "/b", "", "CreateBucket", true),
            ("s3", "PUT", "/b/", "", "CreateBucket", true),
            ("s3", "HEAD", "/b", "", "HeadBucket", false),
            ("s3", "PUT", "/b?tagging", "", "PutBucketTagging", true),
            (
                "s3",
                "GET",
                "/b?lifecycle=",
                "",
                "GetBucketLifecycleConfiguration",
                false,
            ),
            (
                "s3",
                "DELETE",
                "/b?lifecycle",
                "",
                "DeleteBucketLifecycle",
                true,
            ),
            (
                "s3",
                "PUT",
                "/b?publicAccessBlock",
                "",
                "PutPublicAccessBlock",
                true,
            ),
            (
                "s3",
                "GET",
                "/b?list-type=2&prefix=a",
                "",
                "ListObjectsV2",
                false,
            ),
            ("s3", "PUT", "/b/k/l", "", "PutObject", true),
            (
                "dlm",
                "GET",
                "/policies?state=ENABLED",
                "",
                "GetLifecyclePolicies",
                false,
            ),
            (
                "dlm",
                "GET",
                "/policies/policy-1/",
                "",
                "GetLifecyclePolicy",
                false,
            ),
            (
                "dlm",
                "PATCH",
                "/policies/policy-1",
                "",
                "UpdateLifecyclePolicy",
                true,
            ),
            ("dlm", "POST", "/tags/arn%3Aaws", "", "TagResource", true),
        ] {
            let call = of(service, method, uri, &[], body);
            assert_eq!(call.service, service);
            assert_eq!(
                (call.operation.as_str(), call.mutating),
                (operation, mutating),
                "{method} {uri}"
            );
        }
        for (service, target, operation, mutating) in [
            (
                "secretsmanager",
                "secretsmanager.CreateSecret",
                "CreateSecret",
                true,
            ),
            (
                "tagging",
                "ResourceGroupsTaggingAPI_20170126.GetResources",
                "GetResources",
                false,
            ),
        ] {
            let call = of(service, "POST", "/", &[("x-amz-target", target)], "{}");
            assert_eq!(
                (call.operation.as_str(), call.mutating),
                (operation, mutating)
            );
        }
    }
}
