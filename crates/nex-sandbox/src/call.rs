//! Finds the service and the operation of an AWS request.

use http::Method;
use http::request::Parts;
use serde::{Deserialize, Serialize};

/// A call, as the fault rules and the journal see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The service: its name in the request signature (`ec2`, `autoscaling`, `s3`, `dlm`, ...), or
    /// `cloudflare`.
    pub service: String,
    /// The operation: `RunInstances`, `PutBucketTagging`, ...
    pub operation: String,
    /// Whether the operation changes something.
    pub mutating: bool,
}

/// The first words of read-only operations.
const READ_VERBS: [&str; 9] = [
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

/// The sub-resources of an S3 bucket: the key in the query, and the operation's name after `Put`,
/// `Get` or `Delete`.
const BUCKET_SUBRESOURCES: [(&str, &str); 16] = [
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
    /// The call that an AWS request makes.
    pub(crate) fn of(head: &Parts, body: &[u8]) -> Self {
        let service = service(head);
        let operation = match service.as_str() {
            "s3" => s3(head),
            "dlm" => dlm(head),
            _ => target(head)
                .or_else(|| value(body, "Action"))
                .or_else(|| value(query(head), "Action"))
                .unwrap_or_else(|| format!("{} {}", head.method, head.uri.path())),
        };
        let mutating = !READ_VERBS.iter().any(|verb| operation.starts_with(verb));
        Self {
            service,
            operation,
            mutating,
        }
    }
}

/// The service in the credential scope, which is in a header or in the query of a presigned URL.
fn service(head: &Parts) -> String {
    let in_header = || {
        let value = head.headers.get(http::header::AUTHORIZATION)?;
        let (_, scope) = value.to_str().ok()?.split_once("Credential=")?;
        scope.split([',', ' ']).next().map(str::to_owned)
    };
    in_header()
        .or_else(|| value(query(head), "X-Amz-Credential"))
        // KEY/DATE/REGION/SERVICE/aws4_request
        .and_then(|scope| scope.split('/').nth(3).map(str::to_ascii_lowercase))
        .unwrap_or_else(|| "unknown".to_owned())
}

/// The operation of a service that uses JSON.
fn target(head: &Parts) -> Option<String> {
    let value = head.headers.get("x-amz-target")?.to_str().ok()?;
    value.rsplit('.').next().map(str::to_owned)
}

fn query(head: &Parts) -> &[u8] {
    head.uri.query().unwrap_or_default().as_bytes()
}

/// The value of a key in a query string or a form.
fn value(form: &[u8], key: &str) -> Option<String> {
    form_urlencoded::parse(form)
        .find(|(name, _)| name == key)
        .map(|(_, value)| value.into_owned())
}

fn has(head: &Parts, key: &str) -> bool {
    form_urlencoded::parse(query(head)).any(|(name, _)| name == key)
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
    if let Some((_, part)) = BUCKET_SUBRESOURCES.iter().find(|(key, _)| has(head, key)) {
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

    fn call(service: &str, method: &str, uri: &str, target: &str, body: &str) -> Call {
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-3/{service}/aws4_request, x=y"
        );
        let mut request = http::Request::builder()
            .method(method)
            .uri(uri)
            .header("authorization", scope);
        if !target.is_empty() {
            request = request.header("x-amz-target", target);
        }
        let (head, ()) = request.body(()).expect("a request").into_parts();
        Call::of(&head, body.as_bytes())
    }

    #[test]
    fn operations_of_the_query_protocol() {
        for (body, operation, mutating) in [
            ("Action=RunInstances&Version=2016", "RunInstances", true),
            ("Version=2016&Action=DescribeVpcs", "DescribeVpcs", false),
        ] {
            let call = call("ec2", "POST", "/", "", body);
            assert_eq!(call.service, "ec2");
            assert_eq!((&*call.operation, call.mutating), (operation, mutating));
        }
    }

    #[test]
    fn operations_of_the_json_protocol() {
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
            let call = call(service, "POST", "/", target, "{}");
            assert_eq!(call.service, service);
            assert_eq!((&*call.operation, call.mutating), (operation, mutating));
        }
    }

    #[test]
    fn operations_of_the_rest_protocols() {
        for (service, request, operation, mutating) in [
            ("s3", "GET /", "ListBuckets", false),
            ("s3", "PUT /b", "CreateBucket", true),
            ("s3", "PUT /b/", "CreateBucket", true),
            ("s3", "HEAD /b", "HeadBucket", false),
            ("s3", "PUT /b?tagging", "PutBucketTagging", true),
            (
                "s3",
                "GET /b?lifecycle=",
                "GetBucketLifecycleConfiguration",
                false,
            ),
            ("s3", "DELETE /b?lifecycle", "DeleteBucketLifecycle", true),
            (
                "s3",
                "PUT /b?publicAccessBlock",
                "PutPublicAccessBlock",
                true,
            ),
            ("s3", "GET /b?list-type=2&prefix=a", "ListObjectsV2", false),
            ("s3", "PUT /b/k/l", "PutObject", true),
            (
                "dlm",
                "GET /policies?state=ENABLED",
                "GetLifecyclePolicies",
                false,
            ),
            (
                "dlm",
                "GET /policies/policy-1/",
                "GetLifecyclePolicy",
                false,
            ),
            (
                "dlm",
                "PATCH /policies/policy-1",
                "UpdateLifecyclePolicy",
                true,
            ),
            ("dlm", "POST /tags/arn%3Aaws", "TagResource", true),
        ] {
            let (method, uri) = request.split_once(' ').expect("a request");
            let call = call(service, method, uri, "", "");
            assert_eq!(call.service, service);
            assert_eq!(
                (&*call.operation, call.mutating),
                (operation, mutating),
                "{request}"
            );
        }
    }

    #[test]
    fn the_service_of_a_presigned_url() {
        let uri = "/b/k?X-Amz-Credential=AKID%2F20260101%2Feu-west-3%2Fs3%2Faws4_request";
        let request = http::Request::get(uri).body(()).expect("a request");
        let call = Call::of(&request.into_parts().0, b"");
        assert_eq!((&*call.service, &*call.operation), ("s3", "GetObject"));
    }
}
