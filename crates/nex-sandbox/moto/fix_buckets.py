"""Buckets that a call cannot use: those of other accounts and other Regions. Policies that ask for TLS."""

import json
from urllib.parse import parse_qs, unquote

from moto.s3.models import FakeBucket, s3_backends

from errors import Refusal

ACCOUNT = "009001720821"
SECURE = "aws:SecureTransport"


def fix():
    get = FakeBucket.get_permission

    def get_permission(self, action, resource):
        whole = self.policy
        if whole is not None:
            self.policy = json.dumps(_over_tls(json.loads(whole))).encode()
        try:
            return get(self, action, resource)
        finally:
            self.policy = whole

    FakeBucket.get_permission = get_permission


def _over_tls(policy):
    """The statements that apply to calls over TLS, as which all calls count here; moto ignores this condition."""
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    applied = []
    for statement in statements:
        conditions = dict(statement.get("Condition") or {})
        wanted = (conditions.get("Bool") or {}).get(SECURE)
        if wanted is None:
            applied.append(statement)
        elif str(wanted).lower() == "true":
            applied.append({name: value for name, value in statement.items() if name != "Condition"})
    return {**policy, "Statement": applied}


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
    region, here = s3_backends[account][partition].buckets[name].region_name, _region(environ)
    if here and here != region:
        raise Refusal(
            301,
            "PermanentRedirect",
            "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all "
            "future requests to this endpoint.",
            f"<Endpoint>{name}.s3.{region}.amazonaws.com</Endpoint><Bucket>{name}</Bucket>",
            [("x-amz-bucket-region", region)],
        )


def _region(environ):
    """The Region in the credential scope of the signature, or None."""
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split(",")[0]
    scope = scope or parse_qs(environ.get("QUERY_STRING", "")).get("X-Amz-Credential", [""])[0]
    parts = scope.split("/")
    return parts[2] if len(parts) == 5 else None
