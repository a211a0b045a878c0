"""One dashboard at a time: whoever works for several businesses switches between them."""

import pytest

from loyalty.models import Membership, Metric
from tests import cast, dashboards

SWITCH = "/admin/loyalty/business/switch/"


@pytest.fixture
def both(acme, rival):
    """The browser of somebody who owns Acme and analyses Rival."""
    user = cast.sign_up("dora@example.com", acme)
    Membership.objects.create(business=rival, user=user, role=Membership.Role.ANALYST)
    return dashboards.browser_of(user)


def business_shown(browser) -> str:
    return str(browser.get("/admin/").context["site_header"])


class TestSwitch:
    def test_starts_with_the_first_live_business(self, both, acme):
        assert business_shown(both) == acme.name

    def test_goes_to_another_one_and_stays(self, both, rival):
        both.post(SWITCH, {"business": str(rival.pk)})

        assert business_shown(both) == rival.name
        assert both.get("/admin/loyalty/metric/add/").status_code == 403  # an analyst, there

    def test_reaches_the_sandbox_and_says_so(self, both, acme):
        both.post(SWITCH, {"business": str(acme.sandbox.pk)})

        assert business_shown(both) == acme.sandbox.name
        assert "Sandbox" in dashboards.text_of(both.get("/admin/"))

    @pytest.mark.parametrize("sent", ["", "nonsense", "0192e4a0-0000-7000-8000-000000000000"])
    def test_goes_nowhere_else(self, both, acme, sent):
        both.post(SWITCH, {"business": sent})

        assert business_shown(both) == acme.name

    def test_changes_nothing_by_a_mere_link(self, both, rival, acme):
        assert both.get(SWITCH, {"business": str(rival.pk)}).status_code == 405
        assert business_shown(both) == acme.name

    def test_ends_when_the_membership_does(self, both, rival, acme):
        both.post(SWITCH, {"business": str(rival.pk)})
        Membership.objects.for_business(rival).delete()

        assert business_shown(both) == acme.name


class TestFormOfAnotherTab:
    def test_is_not_saved_to_the_business_switched_to(self, both, acme):
        form = {"title": "Stars", "key": "stars", "minimum": "0", "acting_for": str(acme.pk)}
        both.post(SWITCH, {"business": str(acme.sandbox.pk)})

        answer = both.post("/admin/loyalty/metric/add/", form, follow=True)

        assert "Nothing was saved" in dashboards.text_of(answer)
        assert not Metric.objects.filter(key="stars", business__in=[acme, acme.sandbox]).exists()

    def test_is_saved_when_nobody_switched(self, both, acme):
        form = {"title": "Stars", "key": "stars", "minimum": "0", "acting_for": str(acme.pk)}

        both.post("/admin/loyalty/metric/add/", form)

        assert Metric.objects.for_business(acme).filter(key="stars").exists()
