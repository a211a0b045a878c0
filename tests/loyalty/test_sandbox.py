"""A sandbox is a business of its own: own rows, own keys, own clock."""

from datetime import timedelta

import pytest

from loyalty.kernel import clock
from loyalty.kernel.errors import Invalid
from loyalty.models import Business
from loyalty.services import businesses

pytestmark = pytest.mark.urls("tests.loyalty.probes")


class TestOpenBusiness:
    def test_refuses_a_slug_in_use(self, acme):
        with pytest.raises(businesses.SlugTaken):
            businesses.open_business(name="Other", slug="acme", plan="growth")

    @pytest.mark.parametrize("slug", ["", "Acme", "a b", "-a", "a-", "a" * 51, "ä"])
    def test_refuses_a_slug_that_is_no_address(self, db, slug):
        with pytest.raises(Invalid):
            businesses.open_business(name="Other", slug=slug, plan="growth")

    def test_refuses_an_unknown_plan(self, db):
        with pytest.raises(Invalid) as refused:
            businesses.open_business(name="Other", slug="other", plan="gold")

        assert refused.value.field == "plan"

    def test_makes_a_sandbox_beside_it(self, acme):
        assert acme.sandbox.slug == "acme-sandbox"
        assert (acme.is_sandbox, acme.sandbox.is_sandbox) == (False, True)


class TestTestClock:
    def test_is_not_for_live_keys(self, api):
        assert api.get("/test-clock").status_code == 400
        assert api.post("/test-clock", {"advance": "P1D"}).status_code == 400

    @pytest.mark.parametrize(
        "body", [{}, {"advance": "P"}, {"advance": "1 day"}, {"advance": "P1D", "now": "2030-01-01T00:00:00Z"}]
    )
    def test_refuses_what_is_no_time(self, sandbox_api, body):
        assert sandbox_api.post("/test-clock", body).status_code == 400

    def test_never_goes_back(self, sandbox_api):
        response = sandbox_api.post("/test-clock", {"now": "2001-01-01T00:00:00Z"})

        assert response.json()["error"]["field"] == "now"

    def test_moves_forward_and_keeps_ticking(self, acme, sandbox_api):
        assert sandbox_api.post("/test-clock", {"advance": "P1DT2H"}).status_code == 200

        sandbox = Business.objects.get(slug="acme-sandbox")
        assert timedelta(hours=25.9) < clock.now(sandbox) - clock.wall() <= timedelta(hours=26)
        assert clock.now(acme) - clock.wall() < timedelta(seconds=1)
