"""Client tokens: the same token with the same parameters gives the first answer again."""

import json

from moto.ec2.exceptions import EC2ClientError

_SEEN = {}


def fingerprint(params):
    """The parameters without their token, in one stable form."""
    plain = {key: value for key, value in params.items() if key not in ("ClientToken", "DryRun")}
    return json.dumps(plain, sort_keys=True, default=lambda value: getattr(value, "__dict__", str(value)))


def once(response, call, alive=lambda _result: True):
    """`call`, or what it gave before for this operation's ClientToken.

    `alive` says whether the remembered result still stands; it may raise AWS's own error instead.
    """
    token = response._get_param("ClientToken")
    if not token:
        return call()
    key = (response.current_account, response.region, response._get_action(), token)
    params = fingerprint(response.params)
    if key in _SEEN:
        seen, result = _SEEN[key]
        if seen != params:
            raise EC2ClientError(
                "IdempotentParameterMismatch",
                "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
            )
        if alive(result):
            return result
    result = call()
    _SEEN[key] = (params, result)
    return result
