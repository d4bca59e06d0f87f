#!/usr/bin/env python3
"""Installs nex's agent and its bundle, and starts the agent. Written by nex; holds no secret.
Tries until it succeeds; each failure is written to the status bucket. A second run only starts the agent again."""
import errno
import hashlib
import hmac
import json
import os
import re
import socket
import time
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener, urlopen

HOST = json.loads('@HOST@')
AGENT, BUNDLE, HOST_FILE = "@AGENT@", "@BUNDLE@", "@HOST_FILE@"


class Mismatch(Exception):
    pass


def clock():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def metadata(path):
    direct, address = build_opener(ProxyHandler({})), "http://169.254.169.254/latest/"
    put = Request(address + "api/token", method="PUT", headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"})
    token = direct.open(put, timeout=5).read().decode()
    get = Request(address + path, headers={"X-aws-ec2-metadata-token": token})
    return direct.open(get, timeout=5).read().decode()


def s3(method, bucket, key, body=None):
    """Makes a call with the instance's role, signed with Signature Version 4."""
    roles = "meta-data/iam/security-credentials/"
    role = json.loads(metadata(roles + metadata(roles).split()[0]))
    name, now = f"s3.{HOST['region']}.amazonaws.com", clock().replace("-", "").replace(":", "")
    path, digest = quote(f"/{bucket['name']}/{key}"), hashlib.sha256(body or b"").hexdigest()
    headers = {"host": name, "x-amz-content-sha256": digest, "x-amz-date": now,  # in alphabetical order
               "x-amz-expected-bucket-owner": bucket["account"], "x-amz-security-token": role["Token"]}
    signed, scope = ";".join(headers), [now[:8], HOST["region"], "s3", "aws4_request"]
    canonical = "\n".join([method, path, "", *map(":".join, headers.items()), "", signed, digest])
    text = "\n".join(["AWS4-HMAC-SHA256", now, "/".join(scope), hashlib.sha256(canonical.encode()).hexdigest()])
    signature = b"AWS4" + role["SecretAccessKey"].encode()
    for part in [*scope, text]:
        signature = hmac.new(signature, part.encode(), hashlib.sha256).digest()
    credential = f"AWS4-HMAC-SHA256 Credential={role['AccessKeyId']}/{'/'.join(scope)}"
    headers["authorization"] = f"{credential}, SignedHeaders={signed}, Signature={signature.hex()}"
    headers["content-type"] = "application/json"
    return urlopen(Request(f"https://{name}{path}", body, headers, method=method), timeout=60)


def fetch(artifact):
    with s3("GET", HOST["artifacts"], artifact["key"]) as answer:
        content = answer.read(artifact["bytes"] + 1)
    if hashlib.sha256(content).hexdigest() != artifact["sha256"]:
        raise Mismatch(f"the object {artifact['key']} does not have the SHA-256 {artifact['sha256']}")
    return content


def install(path, mode, content):
    """Writes the whole file or nothing."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "wb") as file:
        os.chmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.rename(path + ".new", path)


def set_up(instance):
    host, found = json.dumps({"instance": instance, **HOST}), None
    if os.access(AGENT, os.X_OK) and os.path.exists(HOST_FILE):
        with open(HOST_FILE) as file:
            found = file.read()
    if found != host:  # else the agent may be a newer one already
        install(AGENT, 0o755, fetch(HOST["agent"]))
        install(BUNDLE, 0o600, fetch(HOST["bundle"]))
        install(HOST_FILE, 0o600, host.encode())
    os.execv(AGENT, [AGENT, "setup"])


def reason(error):
    cause, text = "other", f"{type(error).__name__}: {error}"
    if isinstance(error, HTTPError):
        code = re.search(rb"<Code>(\w+)", error.read())
        cause = "access-denied" if error.code == 403 else cause
        text = f"{error.url}: {code.group(1).decode() if code else error}"
    elif isinstance(error, Mismatch):
        cause, text = "hash-mismatch", str(error)
    elif isinstance(error, (URLError, ConnectionError, socket.timeout)):
        cause = "no-network"
    elif getattr(error, "errno", 0) == errno.ENOSPC:
        cause = "disk-full"
    return {"cause": cause, "text": text[:500]}


pause = 5  # seconds, up to 300: a status is stale after 900
while True:
    try:
        start, own = clock(), json.loads(metadata("dynamic/instance-identity/document"))
        instance = f"arn:aws:ec2:{own['region']}:{own['accountId']}:instance/{own['instanceId']}"
        try:
            set_up(instance)
        except Exception as error:
            why = reason(error)
        print("nex:", why["text"], flush=True)
        step = {"name": "fetch", "result": "failed", "started_at": start, "ended_at": clock(), "reason": why}
        status = {"format": 1, "role": HOST["role"], "instance": instance, "written_at": clock(), "steps": [step]}
        s3("PUT", HOST["status"], f"status/{instance}.json", json.dumps(status).encode()).close()
    except Exception as error:
        print("nex: no status:", reason(error)["text"], flush=True)
    time.sleep(pause)
    pause = min(2 * pause, 300)
