"""Codes: chosen or made up, one owner each, in any spelling."""

import pytest

from loyalty.kernel import crypto
from referrals.models import ReferralCode
from referrals.services import codes
from tests.races import at_once
from tests.refusals import assert_refused, assert_same_refusal

pytestmark = pytest.mark.django_db

NOBODY = "01890a5d-ac96-774b-bcce-b302099a8057"


def make(api, advocate, **said):
    return api.post("/referrals", {"advocateId": str(advocate.pk), **said})


class TestRefuses:
    @pytest.mark.parametrize("code", ["", "ab", "a b c", "-ab", "ab-", "ä-1815", "a/b/c", "a.b.c", "x" * 41, "ab\n"])
    def test_what_a_link_cannot_carry(self, api, ada, code):
        assert_refused(make(api, ada, code=code), "VALIDATION_ERROR", "code")

    def test_an_advocate_of_another_business_like_nobody(self, api, eve):
        foreign, unknown = make(api, eve), api.post("/referrals", {"advocateId": NOBODY})

        assert_same_refusal(foreign, unknown, "NOT_FOUND", status=404)
        assert_refused(foreign, "NOT_FOUND", "advocateId", status=404)

    @pytest.mark.parametrize("code", ["ADA-1815", "ada-1815"])
    def test_a_code_that_is_taken_in_any_case(self, api, adas, bob, code):
        assert_refused(make(api, bob, code=code), "CONFLICT", "code", status=409)

    def test_a_clientip_that_is_none(self, api, ada):
        assert_refused(make(api, ada, clientIp="here"), "VALIDATION_ERROR", "clientIp")


class TestCreates:
    def test_the_chosen_code_with_its_link(self, api, ada):
        answer = make(api, ada, code="Ada-1815")

        made = answer.json()["referral"]
        assert answer.status_code == 201
        assert made == {
            "id": made["id"],
            "code": "Ada-1815",
            "advocateId": str(ada.pk),
            "link": "http://testserver/r/Ada-1815",
            "clicks": 0,
            "conversions": 0,
            "revenue": "0.00",
            "currency": "EUR",
            "createdAt": made["createdAt"],
        }

    def test_codes_that_nobody_guesses_and_everybody_can_read_out(self, api, ada):
        made = {make(api, ada).json()["referral"]["code"] for _ in range(5)}

        assert len(made) == 5
        assert all(len(code) == codes.MADE_LENGTH and set(code) <= set(crypto.READABLE) for code in made)

    def test_the_same_code_for_two_businesses_with_two_links(self, api, ada, rival_api, eve):
        links = {make(client, person, code="SUMMER").json()["referral"]["link"]
                 for client, person in ((api, ada), (rival_api, eve))}  # fmt: skip

        assert len(links) == 2
        assert "http://testserver/r/SUMMER" in links

    def test_no_name_in_the_sandbox_that_the_live_business_may_want(self, api, ada, acme, sandbox_api):
        sue = sandbox_api.post("/advocates", {"email": "sue@example.com"}).json()["advocate"]

        tried = sandbox_api.post("/referrals", {"advocateId": sue["id"], "code": "SUMMER"}).json()["referral"]

        assert tried["link"].startswith("http://testserver/r/SUMMER.")
        assert make(api, ada, code="SUMMER").json()["referral"]["link"].endswith("/r/SUMMER")


class TestReferralUrl:
    def test_is_null_without_a_code(self, api, ada):
        assert api.get(f"/advocates/{ada.pk}").json()["advocate"]["referralUrl"] is None

    def test_is_the_link_of_the_first_code(self, api, ada, adas):
        make(api, ada)

        assert api.get(f"/advocates/{ada.pk}").json()["advocate"]["referralUrl"] == "http://testserver/r/ADA-1815"
        assert ReferralCode.objects.filter(is_default=True).count() == 1


class TestList:
    def test_shows_newest_first_with_what_they_brought(self, api, ada, bob, adas, order):
        make(api, bob, code="BOBS")
        order("1001")

        page = api.get("/referrals").json()

        shown = [(row["code"], row["conversions"], row["revenue"]) for row in page["referrals"]]
        assert shown == [("BOBS", 0, "0.00"), ("ADA-1815", 1, "42.00")]
        assert (page["total"], page["page"], page["nextCursor"]) == (2, 1, None)

    def test_narrows_to_one_advocate(self, api, ada, bob, adas):
        make(api, bob)

        rows = api.get("/referrals", advocateId=str(ada.pk)).json()["referrals"]

        assert [row["code"] for row in rows] == ["ADA-1815"]

    def test_hides_those_of_other_businesses(self, rival_api, ada, adas):
        assert rival_api.get("/referrals").json()["total"] == 0
        assert rival_api.get("/referrals", advocateId=str(ada.pk)).json()["referrals"] == []

    def test_refuses_the_cursor_of_another_business(self, api, rival_api, ada, eve):
        for _ in range(2):
            make(api, ada)
        cursor = api.get("/referrals", limit=1).json()["nextCursor"]

        assert_refused(rival_api.get("/referrals", cursor=cursor), "VALIDATION_ERROR", "cursor")

    def test_asks_no_more_for_a_long_page(self, api, ada, django_assert_num_queries):
        make(api, ada)
        api.get("/referrals")
        for _ in range(3):
            with django_assert_num_queries(3):  # the count, the codes, what they brought
                api.get("/referrals")
            make(api, ada)


class TestRaces:
    pytestmark = pytest.mark.django_db(transaction=True)

    def test_fifty_want_one_code_and_one_gets_it(self, api, acme, ada, bob):
        people = (ada, bob)

        answers = at_once(50, lambda number: make(api, people[number % 2], code="SUMMER").status_code)

        assert sorted(set(answers)) == [201, 409]
        assert (answers.count(201), ReferralCode.objects.count()) == (1, 1)

    def test_first_codes_of_one_person_make_one_default(self, acme, ada):
        at_once(10, lambda _: codes.create(business=acme, advocate_id=ada.pk))

        assert (ReferralCode.objects.count(), ReferralCode.objects.filter(is_default=True).count()) == (10, 1)

    def test_one_person_would_fail_without_the_lock(self, acme, ada, monkeypatch):
        monkeypatch.setattr(codes, "_lock", lambda business, advocate_id: None)

        results = at_once(50, lambda _: codes.create(business=acme, advocate_id=ada.pk))

        assert any(isinstance(result, Exception) for result in results)
