"""Tags: the characters and lengths that IAM, CloudWatch Logs, Data Lifecycle Manager and S3 accept.

The rules are those of botocore's models of the services. S3's model has none; its guide has the characters of IAM's.
"""

import json
import re
from functools import cache
from urllib.parse import parse_qsl
from xml.etree import ElementTree

import botocore.session

from errors import Refusal

# The service in whose model the rules are, and the shapes of a key and of a value.
SHAPES = {
    "iam": ("iam", "tagKeyType", "tagValueType"),
    "logs": ("logs", "TagKey", "TagValue"),
    "dlm": ("dlm", "TagKey", "TagValue"),
    "s3": ("iam", "tagKeyType", "tagValueType"),
}
# The calls whose body can have tags. That of PutObject can look like it.
S3_TAGS = ("CreateBucket", "PutBucketTagging", "PutObjectTagging")
# Unicode categories, which Python's patterns do not have, as parts of a set of characters.
CATEGORIES = (
    (r"\p{all}", r"\s\S"),
    (r"\p{L}", r"\w"),
    (r"\p{N}", ""),
    (r"\p{Z}", " \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"),
)


@cache
def rule(service, shape):
    """The pattern of a shape as AWS writes it and as Python reads it, and the lengths."""
    limits = botocore.session.get_session().get_service_model(service).shape_for(shape).metadata
    written = readable = limits.get("pattern", r"[\p{all}]*")
    for category, characters in CATEGORIES:
        readable = readable.replace(category, characters)
    return written, re.compile(readable), limits.get("min", 0), limits.get("max", 1 << 20)


def broken(service, shape, text):
    """What is wrong with a text, in AWS's words, or None."""
    written, pattern, least, most = rule(service, shape)
    if len(text) < least:
        return f"Member must have length greater than or equal to {least}"
    if len(text) > most:
        return f"Member must have length less than or equal to {most}"
    if not pattern.fullmatch(text):
        return f"Member must satisfy regular expression pattern: {written}"
    return None


def problem(service, tags):
    """What is wrong with the first invalid one of these pairs, or None. A value can be None."""
    model, key_shape, value_shape = SHAPES[service]
    for key, value in tags:
        for what, shape, text in (("TagKey", key_shape, key), ("TagValue", value_shape, value)):
            why = text is not None and broken(model, shape, text)
            if why and service == "s3":
                return f"The {what} you have provided is invalid"
            if why:
                return f"1 validation error detected: Value '{text}' at 'tags' failed to satisfy constraint: {why}"
    return None


def check(service, operation, body):
    """Refuses a call to IAM, Logs or S3 whose tags are invalid."""
    if service == "s3" and operation not in S3_TAGS:
        return
    readers = {
        "iam": (_of_form, "ValidationError"),
        "logs": (_of_json, "InvalidParameterException"),
        "s3": (_of_xml, "InvalidTag"),
    }
    if service in readers:
        read, code = readers[service]
        why = problem(service, read(body))
        if why:
            raise Refusal(400, code, why)


def _of_form(body):
    form = parse_qsl(body.decode(), keep_blank_values=True)
    keys = [(value, None) for name, value in form if re.fullmatch(r"Tags\.member\.\d+\.Key", name)]
    return keys + [("a", value) for name, value in form if re.fullmatch(r"Tags\.member\.\d+\.Value", name)]


def _of_json(body):
    return (json.loads(body or b"{}").get("tags") or {}).items()


def _of_xml(body):
    tags = ElementTree.fromstring(body).iter() if body else []
    return [(tag.findtext("{*}Key") or "", tag.findtext("{*}Value") or "") for tag in tags if tag.tag.endswith("Tag")]
