"""Client tokens: a repeated call with the same token and parameters returns the first answer."""

import json

from moto.ec2.exceptions import EC2ClientError

_SEEN = {}


def fingerprint(params):
    """The parameters without the token, as text that is equal for equal parameters."""
    plain = {key: value for key, value in params.items() if key not in ("ClientToken", "DryRun")}
    return json.dumps(plain, sort_keys=True, default=lambda value: getattr(value, "__dict__", str(value)))


def once(response, call, alive=lambda _result: True):
    """Returns the result of `call`, or the earlier result for the same operation and ClientToken.

    `alive` returns whether an earlier result is still valid, or raises the error that AWS returns.
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
