"""Serves moto on loopback, with the fixes and the seed of the sandbox.

Prints one line `{"port": N}` on stdout when moto is ready. Exits when stdin closes. The
gateway has the other end of the pipe, which closes however the gateway ends.
"""

import argparse
import gc
import io
import json
import os
import signal
import sys
import threading
import time
import traceback

# moto reads these variables during its import.
os.environ.update(
    MOTO_ACCOUNT_ID="009001720821",
    MOTO_EC2_LOAD_DEFAULT_AMIS="false",
    MOTO_ENABLE_AMI_VALIDATION="true",
    MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION="true",
    MOTO_DISABLE_GLOBAL_CORS="true",
)

from moto.moto_server.werkzeug_app import (  # noqa: E402
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server  # noqa: E402
from werkzeug.test import Client  # noqa: E402

import activities  # noqa: E402
import dlm  # noqa: E402
import errors  # noqa: E402
import fix_access  # noqa: E402
import fix_buckets  # noqa: E402
import fix_group_ends  # noqa: E402
import fix_groups  # noqa: E402
import fix_instances  # noqa: E402
import fix_network  # noqa: E402
import fix_secrets  # noqa: E402
import fix_storage  # noqa: E402
import fix_tags  # noqa: E402
import fix_templates  # noqa: E402
import lag  # noqa: E402
import past  # noqa: E402
import profiles  # noqa: E402
import refreshes  # noqa: E402
import seed  # noqa: E402
import tag_rules  # noqa: E402
from errors import Refusal  # noqa: E402

# moto does not lock its state, and a client token must be checked and used in one step.
LOCK = threading.Lock()
TICK_SECONDS = 0.1
# A cheap read call of each service: service, version of the query API, and operation or JSON target.
READS = (
    ("ec2", "2016-11-15", "DescribeVpcs"),
    ("autoscaling", "2011-01-01", "DescribeAutoScalingGroups"),
    ("iam", "2010-05-08", "ListRoles"),
    ("rds", "2014-10-31", "DescribeDBInstances"),
    ("sts", "2011-06-15", "GetCallerIdentity"),
    ("s3", None, None),
    ("secretsmanager", None, "secretsmanager.ListSecrets"),
    ("logs", None, "Logs_20140328.DescribeLogGroups"),
    ("tagging", None, "ResourceGroupsTaggingAPI_20170126.GetResources"),
    ("ssm", None, "AmazonSSM.DescribeParameters"),
    ("servicequotas", None, "ServiceQuotasV20190624.ListAWSDefaultServiceQuotas"),
)


class Handler(MotoRequestHandler):
    """Keeps connections open, unlike werkzeug, and sends each answer in one piece."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self):
        environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(self.rfile.read(int(environ.get("CONTENT_LENGTH") or 0)))
        answer = {}
        body = b"".join(
            self.server.app(environ, lambda status, headers, _=None: answer.update(status=status, headers=headers))
        )
        code, _, reason = answer["status"].partition(" ")
        head = [f"HTTP/1.1 {code} {reason}"]
        # The answer to HEAD has the length of the body that GET would return.
        bodiless = self.command == "HEAD" or code in ("204", "304")
        names = {name.lower() for name, _ in answer["headers"]}
        head += [f"{name}: {value}" for name, value in answer["headers"]]
        if "content-length" not in names and not bodiless:
            head.append(f"Content-Length: {len(body)}")
        self.wfile.write("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + (b"" if bodiless else body))


def propagating_app(service):
    """moto's app for one service. Its exceptions reach `Cloud` instead of becoming an HTML page."""
    app = create_backend_app(service)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    return app


class Cloud:
    """The WSGI application. Passes DLM calls to `dlm` and all others to moto, one at a time."""

    def __init__(self):
        self.moto = DomainDispatcherApplication(propagating_app)
        self.past = past.Past(self.answer)

    def __call__(self, environ, start_response):
        if not is_for_this_machine(environ):
            start_response("403 FORBIDDEN", [])
            return [b""]
        with LOCK:
            lag.set_seconds(float(environ.pop("HTTP_X_SANDBOX_LAG", 0)))
            self.advance()
            return self.past.serve(environ, start_response)

    def advance(self):
        """Makes the changes that are due after the lag."""
        now = time.monotonic()
        self.past.forget(now)
        if lag.is_due(now):
            self.past.keep(now)
            lag.run(now)

    def answer(self, environ, start_response):
        """Answers a call from the state of this process."""
        service = service_of(environ)
        try:
            if service == "dlm":
                return dlm.application(environ, start_response)
            check(service, environ)
            return list(self.moto(environ, start_response))
        except Refusal as fault:
            refusal = fault
        except NotImplementedError as fault:
            refusal = Refusal(501, "NotImplemented", str(fault))
        except Exception:
            traceback.print_exc()
            refusal = Refusal(500, "InternalFailure", traceback.format_exc(limit=0).strip())
        return errors.answer(service, environ, start_response, refusal)


def is_for_this_machine(environ):
    """Whether the host is one that the gateway accepts: a web page may have found this port, too."""
    host = environ.get("HTTP_HOST", "").rpartition(":")[0] or environ.get("HTTP_HOST", "")
    names = ("127.0.0.1", "localhost", "amazonaws.com")
    return any(host.lower() == name or host.lower().endswith("." + name) for name in names)


def check(service, environ):
    """Refuses calls that AWS refuses and moto accepts."""
    if service == "s3":
        fix_buckets.check(environ)
    body = environ["wsgi.input"].read()
    environ["wsgi.input"] = io.BytesIO(body)
    operation = environ.get("HTTP_X_SANDBOX_CALL", "").rpartition(" ")[2]
    tag_rules.check(service, operation, body)


def service_of(environ):
    """The service in the credential scope of the signature, or None."""
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split(",")[0]
    parts = scope.split("/")
    return parts[3] if len(parts) == 5 else None


def warm_up(cloud):
    """Calls each service once, because the first call of a service loads moto's models and is slow."""
    for service, version, operation in READS:
        scope = f"AWS4-HMAC-SHA256 Credential=sandbox/20260101/{seed.REGION}/{service}/aws4_request"
        client, headers = Client(cloud), {"Authorization": scope}
        if version:
            client.post("/", data={"Action": operation, "Version": version}, headers=headers)
        elif operation:
            headers["X-Amz-Target"] = operation
            client.post("/", data="{}", content_type="application/x-amz-json-1.1", headers=headers)
        else:
            client.get("/", headers=headers)


def end_with_stdin():
    """Ends this process when the gateway closes its end of the pipe."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)


def keep_time(cloud):
    """Advances lifecycle hooks, instance refreshes and later changes."""
    while True:
        time.sleep(TICK_SECONDS)
        with LOCK:
            try:
                cloud.advance()
                refreshes.tick(time.monotonic())
            except Exception:
                traceback.print_exc()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--empty", action="store_true", help="do not seed anything")
    parser.add_argument(
        "--hook-seconds",
        type=float,
        default=10,
        help="the maximum time that a termination hook keeps an instance",
    )
    options = parser.parse_args()
    threading.Thread(target=end_with_stdin, daemon=True).start()
    for module in (
        activities,
        fix_access,
        fix_buckets,
        fix_network,
        fix_secrets,
        fix_storage,
        fix_tags,
        fix_templates,
        fix_instances,
        fix_groups,
        fix_group_ends,
        profiles,
        refreshes,
    ):
        module.fix()
    refreshes.HOOK_SECONDS = options.hook_seconds
    seed.images()
    if not options.empty:
        seed.staging()
    cloud = Cloud()
    warm_up(cloud)
    server = make_server("127.0.0.1", 0, cloud, threaded=True, request_handler=Handler)
    # Snapshots of the past are forks: nobody waits for their end, and a collector that visits all objects would make
    # the system copy them.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.freeze()
    threading.Thread(target=keep_time, args=(cloud,), daemon=True).start()
    print(json.dumps({"port": server.port}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
