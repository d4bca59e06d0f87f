"""Data Lifecycle Manager, which moto does not have: policies and their tags."""

import json
import re
import uuid
from datetime import datetime, timezone
from urllib.parse import parse_qs, unquote

from moto.iam.models import iam_backends

import lag
import tag_rules

ACCOUNT = "009001720821"
REGION = "eu-west-3"
POLICIES = {}
STATES = ("ENABLED", "DISABLED")


class Fault(Exception):
    """An AWS error: its HTTP status, code and message."""

    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code = status, code


def application(environ, start_response):
    """Answers one REST-JSON call."""
    size = int(environ.get("CONTENT_LENGTH") or 0)
    raw = environ["wsgi.input"].read(size) if size else b""
    try:
        body = json.loads(raw) if raw else {}
        status, answer = 200, route(environ, body)
        headers = []
    except Fault as fault:
        status, answer = fault.status, {"Code": fault.code, "Message": str(fault)}
        headers = [("x-amzn-ErrorType", fault.code)]
    text = json.dumps(answer).encode()
    headers += [("Content-Type", "application/json"), ("Content-Length", str(len(text)))]
    start_response(f"{status} {'OK' if status == 200 else 'Error'}", headers)
    return [text]


def route(environ, body):
    method = environ["REQUEST_METHOD"]
    # PATH_INFO is decoded and an ARN contains a slash, so split only once.
    kind, _, name = unquote(environ["PATH_INFO"]).strip("/").partition("/")
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    routes = {
        ("policies", "POST"): lambda: create(body),
        ("policies", "GET"): lambda: {"Policy": find(name)} if name else {"Policies": summaries(query)},
        ("policies", "PATCH"): lambda: update(name, body),
        ("policies", "DELETE"): lambda: delete(name),
        ("tags", "GET"): lambda: {"Tags": by_arn(name)["Tags"]},
        ("tags", "POST"): lambda: tag(name, body),
        ("tags", "DELETE"): lambda: untag(name, query.get("tagKeys", [])),
    }
    if (kind, method) not in routes:
        raise Fault(404, "ResourceNotFoundException", f"unknown operation: {method} {kind}")
    return routes[kind, method]()


def now():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def create(body):
    missing = [name for name in ("ExecutionRoleArn", "Description", "State") if not body.get(name)]
    if missing:
        raise Fault(400, "InvalidRequestException", f"missing parameters: {', '.join(missing)}")
    check(body)
    check_role(body["ExecutionRoleArn"])
    id_ = f"policy-0{uuid.uuid4().hex[:16]}"
    POLICIES[id_] = {
        "PolicyId": id_,
        "Description": body["Description"],
        "State": body["State"],
        "ExecutionRoleArn": body["ExecutionRoleArn"],
        "DateCreated": now(),
        "DateModified": now(),
        "PolicyDetails": completed(body.get("PolicyDetails") or {}),
        "Tags": dict(body.get("Tags") or {}),
        "PolicyArn": f"arn:aws:dlm:{REGION}:{ACCOUNT}:policy/{id_}",
        "DefaultPolicy": False,
    }
    return {"PolicyId": id_}


def check(body):
    """Raises the errors of AWS for the mistakes that nex could make."""
    why = body.get("Description") and tag_rules.broken("dlm", "PolicyDescription", body["Description"])
    why = why or tag_rules.problem("dlm", (body.get("Tags") or {}).items())
    if why:
        raise Fault(400, "InvalidRequestException", why)
    if body.get("State") and body["State"] not in STATES:
        raise Fault(400, "InvalidRequestException", f"invalid state: {body['State']}")
    if body.get("ExecutionRoleArn") and not re.match(r"arn:aws[\w-]*:iam::\d{12}:role/.+", body["ExecutionRoleArn"]):
        raise Fault(400, "InvalidRequestException", "invalid execution role ARN")
    details = body.get("PolicyDetails")
    if details is None:
        return
    for name in ("ResourceTypes", "TargetTags", "Schedules"):
        if not details.get(name):
            raise Fault(400, "InvalidRequestException", f"missing parameters: PolicyDetails.{name}")
    for schedule in details["Schedules"]:
        retain = schedule.get("RetainRule") or {}
        if bool(retain.get("Count")) == bool(retain.get("Interval")):
            raise Fault(400, "InvalidRequestException", "a retain rule has either a count or an interval")


def check_role(arn):
    """Refuses a role that is too new. AWS's wording is not known, so clients can only go by the code."""
    for known in iam_backends[ACCOUNT]["aws"].roles.values():
        if known.arn == arn and lag.is_young(getattr(known, "created", None)):
            raise Fault(400, "InvalidRequestException", "The policy cannot be created with the given parameters.")


def completed(details):
    """The details of a policy with the defaults that AWS returns."""
    details = {"PolicyType": "EBS_SNAPSHOT_MANAGEMENT", "ResourceLocations": ["CLOUD"], **details}
    details["Schedules"] = [{"CopyTags": False, **schedule} for schedule in details.get("Schedules", [])]
    return details


def find(id_):
    if id_ not in POLICIES:
        raise Fault(404, "ResourceNotFoundException", f"policy {id_} not found")
    return POLICIES[id_]


def by_arn(arn):
    return find(arn.rpartition("/")[2])


def summaries(query):
    """The answer of the list call: the policies that pass AWS's filters, with their tags."""
    ids, state = query.get("policyIds"), query.get("state")
    found = []
    for policy in POLICIES.values():
        details = policy["PolicyDetails"]
        if ids and policy["PolicyId"] not in ids or state and policy["State"] not in state:
            continue
        targets = [f"{tag['Key']}={tag['Value']}" for tag in details.get("TargetTags", [])]
        own = [f"{key}={value}" for key, value in policy["Tags"].items()]
        added = [f"{t['Key']}={t['Value']}" for s in details["Schedules"] for t in s.get("TagsToAdd", [])]
        wanted = (
            (query.get("targetTags"), targets),
            (query.get("tagsToAdd"), added + own),
            (query.get("resourceTypes"), details.get("ResourceTypes", [])),
        )
        if all(not names or set(names) & set(has) for names, has in wanted):
            found.append(policy)
    keys = ("PolicyId", "Description", "State", "Tags", "DefaultPolicy")
    return [
        {**{key: policy[key] for key in keys}, "PolicyType": policy["PolicyDetails"]["PolicyType"]} for policy in found
    ]


def update(id_, body):
    policy = find(id_)
    check(body)
    for name in ("ExecutionRoleArn", "State", "Description"):
        if body.get(name):
            policy[name] = body[name]
    if body.get("PolicyDetails"):
        policy["PolicyDetails"] = completed(body["PolicyDetails"])
    policy["DateModified"] = now()
    return {}


def delete(id_):
    find(id_)
    del POLICIES[id_]
    return {}


def tag(arn, body):
    check(body)
    by_arn(arn)["Tags"].update(body.get("Tags") or {})
    return {}


def untag(arn, keys):
    for key in keys:
        by_arn(arn)["Tags"].pop(key, None)
    return {}
