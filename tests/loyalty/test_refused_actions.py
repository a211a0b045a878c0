"""What an app may not send: every row of the table in docs/developers/loyalty-api.md, and nothing is kept of it."""

import json
import re
from pathlib import Path

import pytest

from loyalty.models import Action, EventType
from loyalty.services import accounts, tokens
from tests import cast

PAGE = (Path(__file__).resolve().parents[2] / "docs/developers/loyalty-api.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| ((?:with|that) .*?) \| (\d{3}) \|$", PAGE, re.MULTILINE))
ROWS |= dict(re.findall(r"^\| (without .*?) \| (\d{3}) \|$", PAGE, re.MULTILINE))


def ride(**data):
    return {"action": "ride", "data": data}


CASES = {
    "with `data` that is not flat: an object, a list or null in a field": [
        *(ride(at={"city": "Ulm"}), ride(at=["Ulm"]), ride(at=None), {"action": "ride", "data": []}),
    ],
    "with more than 50 fields, or a name of more than 64 characters": [
        *(ride(**{f"k{n}": n for n in range(51)}), ride(**{"k" * 65: 1}), ride(**{"": 1})),
    ],
    "with a string of more than 1,024 characters": [ride(city="U" * 1025)],
    "with a number that is none (`NaN`, `Infinity`), or beyond 2^53 - 1": [
        *(b'{"action": "ride", "data": {"n": NaN}}', b'{"action": "ride", "data": {"n": Infinity}}'),
        *(b'{"action": "ride", "data": {"n": 1e999}}', ride(n=2**53), ride(n=-(2**53)), ride(n=10**30)),
    ],
    "with a declared field of another type": [ride(km="far"), ride(km=True), ride(city=3), ride(night="yes")],
    "without the `data.eventId` that it counts by": [{"action": "swim"}, {"action": "swim", "data": {"eventId": 3}}],
    "without a name, or with anything beside `action` and `data`": [
        *({}, {"action": ""}, {"action": 3}, {"action": "a" * 65}, {"action": "ride", "at": 1}, []),
    ],
    "with a body that is no JSON, or has a key twice": [
        *(b"", b"{", b"ride", b'{"action": "ride", "action": "swim"}'),
        *(b'{"action": "ride", "data": {"n": 1, "n": 2}}', b'\xff{"action": "ride"}', b'{"action": "r\\u0000"}'),
    ],
    "that only the backend may send": [{"action": name} for name in ("audit", "order_paid", "birthday", "signup")],
}


@pytest.fixture
def app(acme, ada):
    fields = {"km": "number", "city": "string", "night": "boolean"}
    EventType.objects.create(business=acme, name="ride", title="Ride", carries=fields)
    EventType.objects.create(business=acme, name="swim", title="Swim", once_by_event_id=True)
    EventType.objects.create(business=acme, name="audit", title="Audit", origin="server")
    token = tokens.issue(business=acme, account_id=ada.pk)
    return cast.ApiClient({"Authorization": f"Bearer {token}"}, base="/api/loyalty")


def test_every_row_is_tried():
    assert {*CASES, "with a token that is forged, expired or revoked"} == set(ROWS)


@pytest.mark.parametrize(("row", "body"), [(row, body) for row, bodies in CASES.items() for body in bodies])
def test_is_answered_as_the_page_says(app, row, body):
    answer = app.post("/action", body)

    error = answer.json()["error"]
    assert (answer.status_code, bool(error["code"] and error["message"])) == (int(ROWS[row]), True)
    assert not Action.objects.exists()


def test_a_token_that_is_revoked_is_refused(app, acme, ada):
    accounts.revoke_tokens(business=acme, account_id=ada.pk)
    tokens.forget()

    assert app.post("/action", ride()).status_code == int(ROWS["with a token that is forged, expired or revoked"])
    assert not Action.objects.exists()


@pytest.mark.parametrize(
    "data",
    [
        {f"k{n}": "U" * 1024 for n in range(50)},
        {"k" * 64: 1},
        {"n": 2**53 - 1, "m": 1 - 2**53, "x": 1.5e9, "y": -0.5, "z": 5e-324},
        {"km": 12, "city": "", "night": False, "unknown": "é\U0001f6b2"},
    ],
)
def test_what_is_just_within_its_bounds_is_kept_as_it_was_said(app, data):
    assert app.post("/action", ride(**data)).status_code == 200
    assert Action.objects.get().data == json.loads(json.dumps(data))
