"""Errors that the launcher answers with itself, in the form of each service's protocol."""

import json
from xml.sax.saxutils import escape

QUERY = ("autoscaling", "iam", "rds", "sts")


class Refusal(Exception):
    """An AWS error. `details` is XML, for S3 only."""

    def __init__(self, status, code, message, details="", headers=()):
        super().__init__(message)
        self.status, self.code, self.details, self.headers = status, code, details, headers


def answer(service, environ, start_response, refusal):
    code, message = escape(refusal.code), escape(str(refusal))
    error = f"<Code>{code}</Code><Message>{message}</Message>"
    if service == "ec2":
        kind, text = "text/xml", f"<Response><Errors><Error>{error}</Error></Errors></Response>"
    elif service in QUERY:
        kind, text = "text/xml", f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error></ErrorResponse>"
    elif service == "s3":
        kind, text = "application/xml", f"<Error>{error}{refusal.details}</Error>"
    else:
        kind, text = "application/x-amz-json-1.1", json.dumps({"__type": refusal.code, "message": str(refusal)})
    body = b"" if environ["REQUEST_METHOD"] == "HEAD" else text.encode()
    headers = [("Content-Type", kind), ("Content-Length", str(len(body))), *refusal.headers]
    start_response(f"{refusal.status} Error", headers)
    return [body]
