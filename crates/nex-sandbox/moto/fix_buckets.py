"""Buckets that a call cannot use: those of other accounts and other Regions. Policies that ask for TLS. Answers
about notifications and versioning."""

import json
from fnmatch import fnmatchcase
from urllib.parse import parse_qs, unquote

from moto.s3 import responses
from moto.s3.models import FakeBucket, s3_backends

from errors import Refusal

ACCOUNT = "009001720821"
SECURE = "aws:SecureTransport"


def fix():
    get = FakeBucket.get_permission

    def get_permission(self, action, resource):
        whole = self.policy
        if whole is not None:
            # moto would apply these statements to all calls; `_check_policy` applies them.
            others = [one for one in _statements(whole) if _wanted(one) is None]
            self.policy = json.dumps({**json.loads(whole), "Statement": others}).encode()
        try:
            return get(self, action, resource)
        finally:
            self.policy = whole

    FakeBucket.get_permission = get_permission
    plain = responses.ActionResult

    def result(value):
        """moto leaves out the Regions of listed buckets."""
        for bucket in value.get("Buckets", ()) if isinstance(value, dict) else ():
            partition, account = s3_backends.bucket_accounts[bucket["Name"]]
            bucket["BucketRegion"] = s3_backends[account][partition].buckets[bucket["Name"]].region_name
        return plain(value)

    responses.ActionResult = result
    notification = responses.S3Response.get_bucket_notification

    def get_bucket_notification(self):
        """moto gives the answer about a bucket without notifications another name than S3 does."""
        self.data["Action"] = "GetBucketNotificationConfiguration"
        return notification(self)

    responses.S3Response.get_bucket_notification = get_bucket_notification

    def get_bucket_versioning(self):
        """moto names the answer after the call. S3 leaves the status out where versioning was never on."""
        status = self.backend.get_bucket_versioning(self.bucket_name)
        inner = f"<Status>{status}</Status>" if status else ""
        root = "VersioningConfiguration"
        return 200, {}, f'<{root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{inner}</{root}>'

    responses.S3Response.get_bucket_versioning = get_bucket_versioning


def _statements(policy):
    return _listed(json.loads(policy)["Statement"])


def _listed(value):
    return value if isinstance(value, list) else [value]


def _wanted(statement):
    """The value of aws:SecureTransport that a statement asks for, or None."""
    wanted = ((statement.get("Condition") or {}).get("Bool") or {}).get(SECURE)
    return None if wanted is None else str(_listed(wanted)[0]).lower()


def _check_policy(bucket, path, environ):
    """Applies the statements about TLS. The gateway says in a header whether the call came over TLS."""
    secure = "true" if environ.get("HTTP_X_FORWARDED_PROTO") == "https" else "false"
    action = "s3:" + environ.get("HTTP_X_SANDBOX_CALL", "").rpartition(" ")[2]
    resource = f"arn:aws:s3:::{path.rstrip('/')}"
    for statement in _statements(bucket.policy) if bucket.policy else []:
        concerned = all(
            any(fnmatchcase(text, glob) for glob in _listed(statement.get(field) or []))
            for field, text in (("Action", action), ("Resource", resource))
        )
        if statement["Effect"] == "Deny" and _wanted(statement) == secure and concerned:
            raise Refusal(403, "AccessDenied", "Access Denied")


def check(environ):
    """Refuses a call that cannot use its bucket."""
    path = unquote(environ["PATH_INFO"]).lstrip("/")
    name, _, key = path.partition("/")
    owner = s3_backends.bucket_accounts.get(name)
    creates = environ["REQUEST_METHOD"] == "PUT" and not key and not environ.get("QUERY_STRING")
    if owner is None or creates:
        return
    partition, account = owner
    if account != ACCOUNT or environ.get("HTTP_X_AMZ_EXPECTED_BUCKET_OWNER", account) != account:
        raise Refusal(403, "AccessDenied", "Access Denied")
    bucket, here = s3_backends[account][partition].buckets[name], _region(environ)
    region = bucket.region_name
    if here and here != region:
        raise Refusal(
            301,
            "PermanentRedirect",
            "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all "
            "future requests to this endpoint.",
            f"<Endpoint>{name}.s3.{region}.amazonaws.com</Endpoint><Bucket>{name}</Bucket>",
            [("x-amz-bucket-region", region)],
        )
    _check_policy(bucket, path, environ)


def _region(environ):
    """The Region in the credential scope of the signature, or None."""
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split(",")[0]
    scope = scope or parse_qs(environ.get("QUERY_STRING", "")).get("X-Amz-Credential", [""])[0]
    parts = scope.split("/")
    return parts[2] if len(parts) == 5 else None
