"""Every operation that takes a body, and everything that can be wrong with one: refused, and nothing has changed."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from django.apps import apps
from django.urls import resolve

from loyalty.api.views import ApiView, Operation
from loyalty.models.base import TenantModel
from tests.loyalty.test_broken_requests import BROKEN, assert_is_an_error
from tests.test_architecture import OURS
from tests.test_permissions import PARAMETER, ROUTES, address_of, ids

__all__ = ["ids"]  # the fixture

pytestmark = pytest.mark.django_db

# What is wrong with these does not depend on what a body is about.
ANYWHERE = {name for name, body, *_ in BROKEN if b"title" not in body} - {"no body", "an empty object"}
ANYWHERE |= {
    "half an object",
    "trailing text",
    "single quotes",
    "not UTF-8",
    "UTF-16",
    "a BOM",
    "NUL",
    "NUL in a name",
}
ANYWHERE |= {"duplicate keys", "a raw line break in a string", "half a surrogate", "NaN", "Infinity"}
ANYWHERE |= {"five thousand digits", "a thousand levels", "an unknown field"}

NEVER = {"1.5": 400, '"1"': 400, "1e3": 400, "12.0": 400, "true": 400, str(2**63): 400, "1e400": 400, "NaN": 400}
PERHAPS = ["0", "-1", str(2**31), str(2**63 - 1), "null"]
TABLES = [model for model in OURS if issubclass(model, TenantModel)]


def operation_of(method: str, route: str) -> tuple[type[ApiView], Operation]:
    path = PARAMETER.sub(lambda found: "1" if found[1] == "number" else "01890a5d-ac96-774b-bcce-b302099a8057", route)
    view = vars(resolve(address_of(path)).func)["view_class"]
    return view, getattr(view, method.lower()).operation


WITH_BODY = [
    (method, route)
    for method, route, _ in ROUTES
    if method in ("POST", "PUT", "PATCH") and operation_of(method, route)[1].body is not None
]
EVERY_ONE = pytest.mark.parametrize(("method", "route"), WITH_BODY, ids=[" ".join(row) for row in WITH_BODY])


def rows() -> dict[str, int]:
    return {model.__name__: model._default_manager.count() for model in TABLES}


def integers(type_: Any) -> Iterator[str]:
    """The fields of a body that are whole numbers, as callers spell them."""
    for field in getattr(msgspec.inspect.type_info(type_), "fields", ()):
        kinds = field.type.types if isinstance(field.type, msgspec.inspect.UnionType) else (field.type,)
        if any(isinstance(kind, msgspec.inspect.IntType) for kind in kinds):
            yield field.encode_name


NUMBERS = [
    (method, route, field) for method, route in WITH_BODY for field in integers(operation_of(method, route)[1].body)
]


@pytest.fixture
def send(api, ids):
    def send(method: str, route: str, body: bytes) -> Any:
        path = "/" + PARAMETER.sub(lambda found: ids[found[1]], route)
        return getattr(api, method.lower())(path, body)

    return send


def test_all_forty_kinds_are_there():
    assert len(BROKEN) >= 40
    assert len(ANYWHERE) >= 19
    assert {row[0] for row in BROKEN} >= ANYWHERE


@EVERY_ONE
def test_a_broken_body_is_refused_everywhere(send, method, route):
    before = rows()

    for name, body, status, _ in BROKEN:
        if name in ANYWHERE:
            response = send(method, route, body)
            assert_is_an_error(response, status, response.json()["error"]["field"])

    assert rows() == before


@EVERY_ONE
def test_too_large_a_body_is_refused_everywhere(send, method, route):
    view, _ = operation_of(method, route)

    assert_is_an_error(send(method, route, b" " * (view.max_body + 1)), 413)


@pytest.mark.parametrize(("method", "route", "field"), NUMBERS, ids=[" ".join(row) for row in NUMBERS])
def test_a_number_at_its_edge_is_taken_or_refused(send, method, route, field):
    _, declared = operation_of(method, route)

    for text in [*NEVER, *PERHAPS]:
        example = {**(declared.example or {}), field: "@"}
        response = send(method, route, json.dumps(example).replace('"@"', text).encode())
        assert response.status_code in ([NEVER[text]] if text in NEVER else [200, 201, 202, 400, 404, 409]), text
        if text in NEVER:
            assert response.json()["error"]["field"] in (field, None), text


def test_there_are_numbers_to_try():
    assert {"amount", "pointsCost", "stock", "quantity"} <= {field for _, _, field in NUMBERS}


def test_every_model_of_ours_is_counted():
    assert {model for model in apps.get_models() if issubclass(model, TenantModel)} == set(TABLES)
