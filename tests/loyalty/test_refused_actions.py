"""What an app may not send: every row of the table in docs/developers/loyalty-api.md, and nothing is kept of it."""

import json
import re
from pathlib import Path

import pytest

from loyalty.admin import look
from loyalty.models import Action, EventType
from loyalty.services import accounts, quests, tokens
from loyalty.services.quest_rules import Rules, TaskRules
from tests import cast, dashboards
from tests.loyalty.test_dry_run import everything

PAGE = (Path(__file__).resolve().parents[2] / "docs/developers/loyalty-api.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| ((?:with|that) .*?) \| (\d{3}) \|$", PAGE, re.MULTILINE))
ROWS |= dict(re.findall(r"^\| (without .*?) \| (\d{3}) \|$", PAGE, re.MULTILINE))


def ride(**data):
    return {"action": "ride", "data": data}


CASES = {
    "with `data` that is not flat: an object, a list or null in a field": [
        *(ride(at={"city": "Ulm"}), ride(at=["Ulm"]), ride(at=None), {"action": "ride", "data": []}),
        b'{"action": "ride", "data": {"at": ' + b'{"at": ' * 100_000 + b"1" + b"}" * 100_002,
    ],
    "with more than 50 fields, or a name of more than 64 characters": [
        *(ride(**{f"k{n}": n for n in range(51)}), ride(**{f"k{n}": n for n in range(100)})),
        *(ride(**{"k" * 65: 1}), ride(**{"": 1})),
    ],
    "with a string of more than 1,024 characters": [ride(city="U" * 1025), ride(other="\U0001f6b2" * 1025)],
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
    rules = Rules(tasks=[TaskRules(title="Ride", type="event", trigger="ride", target=9)])
    quests.create(business=acme, title="Commuter", rules=rules)
    token = tokens.issue(business=acme, account_id=ada.pk)
    return cast.ApiClient({"Authorization": f"Bearer {token}"}, base="/api/loyalty")


def test_every_row_is_tried():
    assert {*CASES, "with a token that is forged, expired or revoked"} == set(ROWS)


@pytest.mark.parametrize(("row", "body"), [(row, body) for row, bodies in CASES.items() for body in bodies])
def test_is_answered_as_the_page_says(app, row, body):
    before = everything()

    answer = app.post("/action", body)

    error = answer.json()["error"]
    assert (answer.status_code, bool(error["code"] and error["message"])) == (int(ROWS[row]), True)
    assert everything() == before


def test_a_token_that_is_revoked_is_refused(app, acme, ada):
    accounts.revoke_tokens(business=acme, account_id=ada.pk)
    tokens.forget()

    assert app.post("/action", ride()).status_code == int(ROWS["with a token that is forged, expired or revoked"])
    assert not Action.objects.exists()


@pytest.mark.parametrize(
    "data",
    [
        {f"k{n}": "U" * 1024 for n in range(50)},
        {"k": "\U0001f6b2" * 1024},
        {"k" * 64: 1},
        {"n": 2**53 - 1, "m": 1 - 2**53, "x": 1.5e9, "y": -0.5, "z": 5e-324},
        {"km": 12, "city": "", "night": False, "unknown": "é\U0001f6b2"},
    ],
)
def test_what_is_just_within_its_bounds_is_kept_as_it_was_said(app, data):
    assert app.post("/action", ride(**data)).status_code == 200
    assert Action.objects.get().data == json.loads(json.dumps(data))


class TestANameThatNobodyDeclared:
    @pytest.fixture(autouse=True)
    def _is_sent(self, app):
        """Twice, as the second one is taken in another way: by one statement."""
        for body in ({"action": "sneeze", "data": {"loud": True}}, {"action": "sneeze"}, ride(km=12)):
            assert app.post("/action", body).status_code == 200

    def test_counts_as_unmatched(self, app):
        came_of_it = [("sneeze", "unmatched"), ("sneeze", "unmatched"), ("ride", "matched")]
        assert list(Action.objects.order_by("pk").values_list("name", "outcome")) == came_of_it
        assert app.get("/history").json()["data"] == []

    def test_is_shown_in_the_dashboard_with_what_was_said(self, acme):
        browser = dashboards.works_for(acme)
        action = Action.objects.get(name="sneeze", data={"loud": True})

        unmatched = dashboards.text_of(browser.get(dashboards.listed(Action, outcome__exact="unmatched")))

        assert (look.code("sneeze") in unmatched, look.code("ride") in unmatched) == (True, False)
        assert look.pretty({"loud": True}) in dashboards.text_of(browser.get(dashboards.page(action)))
