"""Who works for a business: owners invite by mail, and there is always one of them left."""

import re
from smtplib import SMTPException

import pytest
from django.core import mail
from django.test import Client

from loyalty.models import Membership, User
from loyalty.services import members
from tests import cast, dashboards
from tests.dashboards import Role
from tests.races import at_once, errors

ADD = "/admin/loyalty/membership/add/"


@pytest.fixture
def olga(acme):
    return dashboards.works_for(acme)


@pytest.fixture
def invite(olga, django_capture_on_commit_callbacks):
    def post(email: str, role: str = "manager"):
        with django_capture_on_commit_callbacks(execute=True):
            return olga.post(ADD, {"email": email, "role": role})

    return post


def membership(business, email: str) -> Membership:
    return Membership.objects.for_business(business).get(user__email=email)


def link_in(message) -> str:
    found = re.search(r"http://testserver(/admin/\S*)", message.body)
    assert found
    return found[1]


class TestInvite:
    def test_refuses_who_works_here_already(self, invite, acme):
        invite("carl@acme.example")

        answer = invite("Carl@Acme.example", "owner")

        assert "email" in answer.context["adminform"].form.errors
        assert membership(acme, "carl@acme.example").role == "manager"

    def test_lets_a_newcomer_choose_a_password_by_mail_only(self, invite, acme):
        answer = invite("carl@acme.example")
        link, browser = link_in(mail.outbox[0]), Client()

        assert link not in dashboards.text_of(answer)
        form = browser.get(link, follow=True)
        browser.post(form.request["PATH_INFO"], {"new_password1": cast.PASSWORD, "new_password2": cast.PASSWORD})
        assert browser.login(request=form.wsgi_request, username="carl@acme.example", password=cast.PASSWORD)
        assert browser.get("/admin/").context["site_header"] == acme.name

    @pytest.mark.django_db(transaction=True)
    def test_of_a_newcomer_by_two_businesses_at_once_makes_one_user(self, acme, rival):
        def add(number):
            return members.add(business=(acme, rival)[number], email="carl@both.example", role=Membership.Role.MANAGER)

        assert errors(at_once(2, add)) == []
        assert User.objects.get(email="carl@both.example").memberships.count() == 2

    def test_takes_a_link_once(self, invite):
        invite("carl@acme.example")
        User.objects.get(email="carl@acme.example").save()
        link, browser = link_in(mail.outbox[0]), Client()
        form = browser.get(link, follow=True)
        browser.post(form.request["PATH_INFO"], {"new_password1": cast.PASSWORD, "new_password2": cast.PASSWORD})

        assert "used before" in dashboards.text_of(Client().get(link, follow=True))

    def test_gives_no_password_link_to_who_has_a_password(self, invite, rival):
        cast.sign_up("stan@rival.example", rival)

        invite("stan@rival.example")

        assert "/admin/password/" not in mail.outbox[0].body
        assert User.objects.get(email="stan@rival.example").check_password(cast.PASSWORD)

    @pytest.mark.django_db(transaction=True)
    def test_keeps_the_membership_when_the_mail_fails(self, acme, olga, monkeypatch):
        monkeypatch.setattr("loyalty.admin.letters.send_mail", broken)

        olga.post(ADD, {"email": "carl@acme.example", "role": "manager"})

        assert membership(acme, "carl@acme.example")
        assert "could not be sent" in dashboards.text_of(olga.get(dashboards.listed(Membership)))

    def test_can_be_sent_again_until_it_is_taken(self, invite, acme, olga):
        invite("carl@acme.example")
        carl = membership(acme, "carl@acme.example")

        olga.post(dashboards.page(carl, "invite_again"))
        carl.user.set_password(cast.PASSWORD)
        carl.user.save()

        assert len(mail.outbox) == 2
        assert olga.post(dashboards.page(carl, "invite_again")).status_code == 403


class TestRole:
    def test_is_changed(self, olga, acme):
        cast.sign_up("carl@acme.example", acme, Role.ANALYST)

        olga.post(dashboards.page(membership(acme, "carl@acme.example")), {"role": "manager"})

        assert membership(acme, "carl@acme.example").role == "manager"

    def test_of_the_last_owner_stays(self, olga, acme):
        own = membership(acme, "owner@acme.example")

        answer = olga.post(dashboards.page(own), {"role": "analyst"})

        assert "at least one owner" in dashboards.text_of(answer)
        assert membership(acme, "owner@acme.example").role == "owner"


class TestRemove:
    def test_lets_a_member_go(self, olga, acme):
        cast.sign_up("carl@acme.example", acme, Role.OWNER)

        olga.post(dashboards.page(membership(acme, "carl@acme.example"), "remove"))

        assert Membership.objects.for_business(acme).count() == 1
        assert User.objects.filter(email="carl@acme.example").exists()

    def test_keeps_the_last_owner(self, olga, acme):
        answer = olga.post(dashboards.page(membership(acme, "owner@acme.example"), "remove"))

        assert "at least one owner" in dashboards.text_of(answer)
        assert Membership.objects.for_business(acme).count() == 1


def broken(*_: object) -> None:
    raise SMTPException("no")
