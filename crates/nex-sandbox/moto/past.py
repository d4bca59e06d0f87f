"""Reads that answer from the past: with a lag, lists do not show the latest changes.

A snapshot is a fork of this process from before a change. It has a copy of all of moto's state, which the system makes
page by page when either process writes, and answers reads through a pipe until the lag is over.
"""

import io
import multiprocessing
import os
import sys
import time
import traceback
from urllib.parse import parse_qsl

from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend

import lag

# The reads that lag behind, and how many times longer than the others.
LAGGING = {
    ("ec2", "DescribeSecurityGroups"): 1,
    ("ec2", "DescribeInstances"): 1,
    ("ec2", "DescribeVolumes"): 1,
    ("ec2", "DescribeAddresses"): 1,
    ("ec2", "DescribeLaunchTemplates"): 1,
    ("iam", "GetAccountAuthorizationDetails"): 1,
    ("s3", "GetBucketLifecycleConfiguration"): 1,
    ("secretsmanager", "ListSecrets"): 2,
    ("tagging", "GetResources"): 1,
}
LONGEST = max(LAGGING.values())
# The parameters of an EC2 list that do not name a resource.
UNNAMED = ("Action", "Version", "DryRun", "MaxResults", "NextToken")
# Of changes that follow each other within this part of the lag, only the first has a snapshot.
RESOLUTION = 1 / 20


class Past:
    """The snapshots of the last seconds, oldest first. `answer` is the WSGI application that they answer with."""

    def __init__(self, answer):
        self.answer = answer
        self.snapshots = []

    def keep(self, now):
        """Keeps the state from before a change."""
        self.forget(now)
        if not self.snapshots or now - self.snapshots[-1].until > lag.SECONDS * RESOLUTION:
            self.snapshots.append(Snapshot(now, self.answer))

    def forget(self, now):
        """Ends the snapshots that no read needs any more."""
        while self.snapshots and self.snapshots[0].until < now - LONGEST * lag.SECONDS:
            self.snapshots.pop(0).end()

    def serve(self, environ, start_response):
        """Answers a call from the past or from the present, and keeps the state from before a change."""
        service, kind, operation = environ.get("HTTP_X_SANDBOX_CALL", "- read -").split(" ", 2)
        now = time.monotonic()
        if kind == "write" and lag.SECONDS:
            self.keep(now)
        times = LAGGING.get((service, operation)) if lag.SECONDS else None
        if not times:
            return self.answer(environ, start_response)
        body = environ["wsgi.input"].read()
        environ["wsgi.input"] = io.BytesIO(body)
        moment = now - times * lag.SECONDS
        snapshot = next((one for one in self.snapshots if one.until > moment), None)
        if snapshot is None or service == "ec2" and _names_resource(body):
            return self.answer(environ, start_response)
        if service == "s3":
            return _lifecycle(self.answer, snapshot, environ, body, start_response)
        status, headers, answer = snapshot.ask(environ, body)
        start_response(status, headers)
        return [answer]


def _names_resource(body):
    names = [name for name, _ in parse_qsl(body.decode(), keep_blank_values=True)]
    return any(name not in UNNAMED and not name.startswith("Filter.") for name in names)


def _lifecycle(answer, snapshot, environ, body, start_response):
    """The rules of a bucket lag behind, but not whether the bucket exists."""
    status, headers, present = collect(answer, environ, body)
    if b"<Code>NoSuchBucket</Code>" not in present:
        status, headers, present = snapshot.ask(environ, body)
        if b"<Code>NoSuchBucket</Code>" in present:
            present = present.replace(b"NoSuchBucket", b"NoSuchLifecycleConfiguration")
            headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
    start_response(status, headers)
    return [present]


def collect(answer, environ, body):
    """The status, the headers and the body that a WSGI application answers with."""
    head = []
    whole = {**environ, "wsgi.input": io.BytesIO(body), "wsgi.errors": sys.stderr}
    lines = answer(whole, lambda status, headers, _=None: head.extend((status, headers)))
    return head[0], head[1], b"".join(lines)


class Snapshot:
    """The state of moto until a moment, in a process of its own."""

    def __init__(self, until, answer):
        self.until = until
        self.pipe, other = multiprocessing.Pipe()
        if os.fork() == 0:
            _remain(other, answer)
        other.close()

    def ask(self, environ, body):
        plain = {key: value for key, value in environ.items() if isinstance(value, (str, int, tuple, dict))}
        self.pipe.send((plain, body))
        return self.pipe.recv()

    def end(self):
        self.pipe.close()


def _remain(pipe, answer):
    """Answers reads until the other end of the pipe closes. The process has no other thread, so it needs no lock."""
    try:
        # A copy of the gateway's connections or of another snapshot's pipe would keep them open.
        os.closerange(3, pipe.fileno())
        os.closerange(pipe.fileno() + 1, os.sysconf("SC_OPEN_MAX"))
        _list_all_resources()
        while True:
            pipe.send(collect(answer, *pipe.recv()))
    except EOFError:
        pass
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def _list_all_resources():
    """All resources fit on one page here, because the next page could be asked of another snapshot."""
    get = ResourceGroupsTaggingAPIBackend.get_resources

    def get_resources(self, **kwargs):
        return get(self, **{**kwargs, "resources_per_page": sys.maxsize, "tags_per_page": sys.maxsize})

    ResourceGroupsTaggingAPIBackend.get_resources = get_resources
