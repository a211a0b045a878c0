"""Signing in to the dashboard: what it looks like, when it locks, and which scripts its pages may run."""

import pytest
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.test import Client

from loyalty.models import User
from tests import cast, dashboards

LOGIN = "/admin/login/"


@pytest.fixture
def olga(acme) -> User:
    return cast.sign_up("olga@acme.example", acme)


def sign_in(password: str, email: str = "olga@acme.example"):
    return Client().post(LOGIN, {"username": email, "password": password})


class TestSignIn:
    def test_leads_to_the_overview(self, olga):
        answer = sign_in(cast.PASSWORD)

        assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")

    def test_does_not_tell_who_has_a_user(self, olga):
        wrong, unknown = sign_in("wrong"), sign_in("wrong", "who@acme.example")

        assert errors_of(wrong) == errors_of(unknown)

    def test_is_locked_after_five_wrong_passwords(self, olga):
        for _ in range(5):
            answer = sign_in("wrong")

        assert answer.status_code == 429
        assert "locked for 15 minutes" in dashboards.text_of(answer)
        assert sign_in(cast.PASSWORD).status_code == 429

    def test_is_locked_whatever_the_spelling(self, olga):
        for email in (
            "olga@acme.example",
            "Olga@acme.example",
            "OLGA@acme.example",
            " olga@acme.example",
            "oLga@ACME.example",
        ):
            sign_in("wrong", email)

        assert sign_in(cast.PASSWORD).status_code == 429

    def test_stays_open_to_others_at_the_same_address(self, olga, acme):
        cast.sign_up("carl@acme.example", acme)
        for _ in range(6):
            sign_in("wrong")

        assert sign_in(cast.PASSWORD, "carl@acme.example").status_code == 302


class TestForgotten:
    def test_answers_alike_whoever_asks(self, olga):
        known, unknown = (ask_for(email) for email in ("olga@acme.example", "who@acme.example"))

        assert known.replace("olga@", "who@") == unknown
        assert [message.to for message in mail.outbox] == [["olga@acme.example"]]

    def test_mails_nobody_more_than_five_times_a_day(self, olga):
        for _ in range(7):
            ask_for("olga@acme.example")

        assert len(mail.outbox) == 5

    def test_sends_nothing_to_who_is_locked_out(self, olga):
        User.objects.update(is_active=False)
        ask_for("olga@acme.example")

        assert mail.outbox == []

    def test_says_when_a_link_is_no_good(self, db):
        assert "used before" in dashboards.text_of(Client().get("/admin/password/x/y/"))


class TestPolicy:
    def test_lets_scripts_evaluate_in_the_dashboard(self, olga):
        policy = Client().get(LOGIN).headers["Content-Security-Policy"]

        assert "script-src 'self' 'unsafe-eval'" in policy
        assert "style-src 'self' 'unsafe-inline'" in policy
        assert "default-src 'none'" in policy

    @pytest.mark.parametrize("path", ["/", "/administration", "/healthz"])
    def test_stays_strict_everywhere_else(self, db, path):
        assert "unsafe" not in Client().get(path).headers.get("Content-Security-Policy", "")


class TestLog:
    def test_of_what_was_done_names_rows_and_never_people(self, olga, acme):
        browser = dashboards.browser_of(olga)
        person = dashboards.fill(acme, "beans")

        browser.post(dashboards.page(person, "block"))
        browser.post("/admin/advocates/advocate/add/", {"name": "Grace Hopper", "email": "grace@example.com"})

        logged = str(list(LogEntry.objects.values_list("object_repr", "change_message")))
        assert "Blocked" in logged
        assert "Hopper" not in logged
        assert "Lovelace" not in logged


def errors_of(answer) -> str:
    return str(answer.context["form"].non_field_errors())


def ask_for(email: str) -> str:
    answer = Client().post("/admin/forgotten/", {"email": email}, follow=True)
    return str(next(iter(answer.context["messages"])))
