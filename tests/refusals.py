"""What a refusal looks like."""

from typing import Any


def assert_refused(response: Any, code: str, field: str | None, *, status: int = 400) -> None:
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["field"]) == (status, code, field), error


def assert_same_refusal(left: Any, right: Any, code: str, *, status: int) -> None:
    """Both are refused, and nobody can tell one from the other."""
    refusals = [{**response.json()["error"], "requestId": ""} for response in (left, right)]
    assert refusals[0] == refusals[1]
    assert (left.status_code, right.status_code, refusals[0]["code"]) == (status, status, code)


def assert_integration_refused(response: Any, code: str, property: str | None, *, status: int = 400) -> None:
    """As `assert_refused`, in the words of the Integration API."""
    error = response.json()
    assert set(error) == {"message", "property", "code", "requestId"}
    assert (response.status_code, error["code"], error["property"]) == (status, code, property), error
