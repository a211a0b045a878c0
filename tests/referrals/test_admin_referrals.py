"""Referrals in the dashboard: the rules, the codes, and the queue of what is held."""

import pytest

from referrals.models import Conversion, ReferralCode, ReferralProgramme
from referrals.services import programmes
from tests import dashboards
from tests.referrals.conftest import points_of

RULES = {
    "status": "active", "completion": "every_order", "referrer_points": "300", "friend_points": "0",
    "min_order": "20.00", "hold_days": "14", "per_month": "",
}  # fmt: skip
ADD_RULES = "/admin/referrals/referralprogramme/add/"
ADD_CODE = "/admin/referrals/referralcode/add/"


@pytest.fixture
def olga(acme):
    return dashboards.works_for(acme)


@pytest.fixture
def ann(acme):
    return dashboards.works_for(acme, dashboards.Role.ANALYST)


@pytest.fixture
def held(adas, order):
    order("1", email="other@example.com", address="203.0.113.7")
    return order("2", email="charles@example.com", address="203.0.113.7").conversion


def errors_of(answer) -> dict[str, list[str]]:
    return dict(answer.context["adminform"].form.errors)


class TestRules:
    @pytest.mark.parametrize(
        ("field", "value"),
        [("min_order", "-1"), ("min_order", "1.001"), ("hold_days", "400"), ("per_month", "0"), ("status", "asleep")],
    )
    def test_say_beside_the_field_what_is_wrong(self, olga, field, value):
        assert field in errors_of(olga.post(ADD_RULES, {**RULES, field: value}))
        assert not ReferralProgramme.objects.exists()

    def test_begin_with_the_defaults(self, olga):
        form = olga.get(ADD_RULES).context["adminform"].form

        assert (form["referrer_points"].value(), form["friend_points"].value()) == (200, 100)

    def test_are_saved_once_for_each_business(self, olga, acme):
        olga.post(ADD_RULES, RULES)

        saved = ReferralProgramme.objects.for_business(acme).get()
        assert (saved.min_order_minor, saved.hold_days, saved.per_month, saved.friend_benefits) == (2000, 14, None, [])
        assert olga.get(ADD_RULES).status_code == 403

    def test_keep_benefits_that_the_page_does_not_show(self, olga, acme):
        miles = {"kind": "metric", "metric": "miles", "quantity": 5}
        saved = programmes.save(business=acme)
        ReferralProgramme.objects.filter(pk=saved.pk).update(friend_benefits=[miles])
        dashboards.Metric.objects.create(business=acme, key="miles", title="Miles")

        olga.post(dashboards.page(saved), {**RULES, "friend_points": "10"})
        saved.refresh_from_db()

        assert saved.friend_benefits == [{"kind": "metric", "metric": "points", "quantity": 10}, miles]

    def test_are_shown_to_analysts_who_cannot_change_them(self, ann, acme):
        saved = programmes.save(business=acme)

        assert "200 points" in dashboards.text_of(ann.get(dashboards.page(saved)))
        assert ann.post(dashboards.page(saved), RULES).status_code == 403


class TestCodes:
    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({"person": "nobody@example.com"}, "person"),
            ({"person": "eve@example.com"}, "person"),
            ({"person": "ada-1", "chosen": "a b"}, "chosen"),
            ({"person": "bob-1", "chosen": "ada-1815"}, "chosen"),
        ],
    )
    def test_say_beside_the_field_what_is_wrong(self, olga, ada, bob, eve, adas, said, field):
        assert field in errors_of(olga.post(ADD_CODE, {"person": "", "chosen": "", **said}))

    @pytest.mark.parametrize("person", ["BOB@example.com", "bob-1"])
    def test_are_made_for_a_person(self, olga, bob, person):
        olga.post(ADD_CODE, {"person": person, "chosen": "BOBS"})

        assert ReferralCode.objects.get().advocate_id == bob.pk

    def test_show_what_they_brought(self, olga, adas, order):
        order("1001", email="charles@example.com")

        assert "42.00 EUR" in dashboards.text_of(olga.get(dashboards.listed(ReferralCode)))
        assert "1001" in dashboards.text_of(olga.get(dashboards.page(adas)))
        assert "ADA-1815" in dashboards.text_of(olga.get(dashboards.page(adas.advocate)))


class TestQueue:
    def test_shows_why_an_order_is_held(self, olga, held):
        shown = dashboards.text_of(olga.get(dashboards.listed(Conversion, status__exact="held")))

        assert "Same address as the referrer or another friend" in shown
        assert "charles@example.com" in shown

    def test_is_narrowed_to_one_referrer(self, olga, ada, bob, held):
        for person, found in ((ada, 2), (bob, 0)):
            page = olga.get(dashboards.listed(Conversion, advocate=person.pk))
            assert len(page.context["cl"].result_list) == found

    def test_is_found_by_the_reason(self, olga, held):
        listed = olga.get(dashboards.listed(Conversion, reason="same_address")).context["cl"].result_list

        assert [row.pk for row in listed] == [held.pk]

    @pytest.mark.parametrize(
        ("button", "status", "points"), [("approve", "confirmed", 400), ("reject", "rejected", 200)]
    )
    def test_is_decided_by_a_button(self, olga, ada, held, button, status, points):
        olga.post(dashboards.page(held, button), {"reason": "I know them"})
        held.refresh_from_db()

        assert (held.status, held.note, points_of(ada)) == (status, "I know them", points)

    def test_offers_to_reverse_what_is_paid(self, olga, ada, held):
        paid = Conversion.objects.get(order_id="1")

        olga.post(dashboards.page(paid, "reverse"), {"reason": ""})
        paid.refresh_from_db()

        assert (paid.status, points_of(ada)) == ("reversed", 0)
        assert olga.post(dashboards.page(paid, "reverse"), {"reason": ""}).status_code == 403

    @pytest.mark.parametrize(("action", "status"), [("approve_all", "confirmed"), ("reject_all", "rejected")])
    def test_is_decided_for_many(self, olga, held, action, status):
        chosen = [str(row.pk) for row in Conversion.objects.all()]

        olga.post(dashboards.listed(Conversion), {"action": action, "_selected_action": chosen})
        held.refresh_from_db()

        assert held.status == status

    def test_is_not_for_analysts(self, ann, held):
        assert ann.post(dashboards.page(held, "approve"), {"reason": ""}).status_code == 403
        ann.post(dashboards.listed(Conversion), {"action": "approve_all", "_selected_action": [str(held.pk)]})
        held.refresh_from_db()

        assert held.status == "held"
