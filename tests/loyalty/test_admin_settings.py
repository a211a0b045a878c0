"""The settings of a business: what is typed is judged line by line, and what is saved is only what was changed."""

from datetime import timedelta

import pytest

from loyalty.kernel import clock
from loyalty.models import Business
from loyalty.services import accounts, tokens
from tests import dashboards

KEPT = dashboards.SETTINGS | {"name": "Acme Coffee", "timezone": "Europe/Berlin"}


@pytest.fixture
def olga(acme):
    return dashboards.works_for(acme)


def save(browser, business, **changes):
    answer = browser.post(dashboards.page(business), {**KEPT, **changes})
    business.refresh_from_db()
    return answer


def errors_of(answer) -> dict[str, list[str]]:
    return dict(answer.context["adminform"].form.errors)


class TestAllowlist:
    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("10.0.0.1/8", "Write 10.0.0.0/8"),
            ("shop.example", "is not an address"),
            ("1.2.3.4/33", "is not an address"),
            ("1.2.3", "is not an address"),
            ("::ffff:203.0.113.7", "Write 203.0.113.7."),
            ("::ffff:203.0.113.0/120", "Write 203.0.113.0/24."),
            ("::ffff:203.0.113.7/120", "Write 203.0.113.0/24."),
            ("::ffff:0:0/96", "Write 0.0.0.0/0."),
        ],
    )
    def test_says_what_is_wrong_with_a_line(self, olga, acme, line, said):
        answer = save(olga, acme, ip_allowlist=f"203.0.113.7\n{line}")

        assert said in str(errors_of(answer)["ip_allowlist"])
        assert acme.ip_allowlist == ["127.0.0.1/32"]

    def test_takes_addresses_and_ranges_of_both_kinds(self, olga, acme):
        save(olga, acme, ip_allowlist="203.0.113.7\r\n\r\n 198.51.100.0/24 \n2001:db8::/32\n203.0.113.7")

        assert acme.ip_allowlist == ["203.0.113.7/32", "198.51.100.0/24", "2001:db8::/32"]

    def test_may_be_emptied(self, olga, acme):
        save(olga, acme, ip_allowlist="")

        assert acme.ip_allowlist == []


class TestFirstEvent:
    def test_of_an_unknown_user_lets_them_join_until_that_is_switched_off(self, olga, acme):
        assert acme.users_on_first_event

        save(olga, acme)
        assert not acme.users_on_first_event
        save(olga, acme, users_on_first_event="on")
        assert acme.users_on_first_event


class TestOrders:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("qualifying_statuses", []),
            ("qualifying_statuses", ["refunded"]),
            ("refund_deficit", "forgive"),
            ("refund_coupons", ""),
            ("rates", "USD"),
            ("rates", "USD 0"),
            ("rates", "USD -1"),
            ("rates", "usd 0.92"),
            ("rates", "USD 0.92 or so"),
        ],
    )
    def test_are_refused_what_makes_no_sense(self, olga, acme, field, value):
        assert field in errors_of(save(olga, acme, **{field: value}))

    def test_say_which_of_them_earn_and_what_a_refund_takes(self, olga, acme, api):
        said = {
            "qualifying_statuses": ["authorized", "paid"],
            "refund_deficit": "negative",
            "refund_coupons": "give_back",
            "rates": "USD 0.92\r\nGBP  1.15",
        }

        save(olga, acme, **said)

        policies = api.get("/programme").json()["policies"]
        assert (policies["qualifyingStatuses"], policies["rates"]) == (
            ["authorized", "paid"],
            {"USD": "0.92", "GBP": "1.15"},
        )
        assert (policies["refundDeficit"], policies["refundCoupons"]) == ("negative", "give_back")
        assert "GBP 1.15" in dashboards.text_of(olga.get(dashboards.page(acme)))


class TestOrigins:
    @pytest.mark.parametrize(
        "line",
        ["shop.example", "https://shop.example/path", "http://shop.example", "https://*.example", "https://a:b"],
    )
    def test_refuses_what_no_browser_sends(self, olga, acme, line):
        assert "allowed_origins" in errors_of(save(olga, acme, allowed_origins=line))

    def test_keeps_them_as_browsers_spell_them(self, olga, acme):
        save(olga, acme, allowed_origins="https://Shop.Example/\nhttps://shop.example:443\nhttp://localhost:8001")

        assert acme.allowed_origins == ["https://shop.example", "http://localhost:8001"]


class TestDomain:
    @pytest.fixture(autouse=True)
    def hosts(self, settings):
        settings.ALLOWED_HOSTS += ["laurel.example", "loyalty.acme.coffee", ".laurel.example"]
        settings.PUBLIC_URL = "https://laurel.example"

    @pytest.mark.parametrize(
        ("domain", "said"),
        [
            ("not a name", "valid domain name"),
            ("https://loyalty.acme.coffee", "valid domain name"),
            ("laurel.example", "belong to the service"),
            ("rival.laurel.example", "belong to the service"),
            ("loyalty.elsewhere.example", "Add it to ALLOWED_HOSTS"),
        ],
    )
    def test_that_leads_nowhere_or_to_others_is_refused(self, acme, domain, said):
        answer = save(dashboards.operator(), acme, domain=domain, plan=acme.plan_id, status="active")

        assert said in str(errors_of(answer)["domain"])
        assert acme.domain is None

    def test_of_another_business_is_refused(self, acme, rival):
        Business.objects.filter(pk=rival.pk).update(domain="loyalty.acme.coffee")

        answer = save(dashboards.operator(), acme, domain="loyalty.acme.coffee", plan=acme.plan_id, status="active")

        assert "already exists" in str(errors_of(answer)["domain"])

    def test_is_not_for_the_business_to_choose_which_sees_it(self, olga, acme):
        assert "Own domain" not in dashboards.text_of(olga.get(dashboards.page(acme)))

        save(olga, acme, domain="loyalty.acme.coffee")
        assert acme.domain is None
        Business.objects.filter(pk=acme.pk).update(domain="loyalty.acme.coffee")
        assert "loyalty.acme.coffee" in dashboards.text_of(olga.get(dashboards.page(acme)))

    def test_is_set_by_whoever_runs_the_server_and_taken_away_again(self, acme):
        root = dashboards.operator()

        save(root, acme, domain="Loyalty.Acme.Coffee", plan=acme.plan_id, status="active")
        assert acme.domain == "loyalty.acme.coffee"
        save(root, acme, domain="", plan=acme.plan_id, status="active")
        assert acme.domain is None


class TestSave:
    @pytest.mark.parametrize(
        ("field", "value"), [("timezone", "Mars/Base"), ("currency", "XXY"), ("contact_email", "no")]
    )
    def test_refuses_what_makes_no_sense(self, olga, acme, field, value):
        assert field in errors_of(save(olga, acme, **{field: value}))

    def test_never_changes_the_slug(self, olga, acme):
        save(olga, acme, slug="other")

        assert acme.slug == "acme"

    def test_leaves_alone_what_others_change_meanwhile(self, olga, acme):
        Business.objects.filter(pk=acme.pk).update(programme_stamp=7)

        save(olga, acme, contact_email="olga@acme.example")

        assert (acme.programme_stamp, acme.contact_email) == (7, "olga@acme.example")

    def test_shows_times_on_the_clocks_of_the_business(self, olga, acme):
        Business.objects.filter(pk=acme.pk).update(timezone="Asia/Tokyo")

        answer = olga.get(dashboards.page(acme, "history"))

        assert answer.status_code == 200
        assert "Asia/Tokyo" in dashboards.text_of(olga.get(dashboards.page(acme)))


class TestSessionsOfApps:
    def test_are_all_ended_by_who_runs_the_programme(self, olga, acme):
        token = tokens.issue(business=acme, account_id=accounts.open_account(business=acme).pk)

        answer = olga.post(dashboards.page(acme, "end_sessions"), follow=True)

        assert "within 5 seconds" in dashboards.text_of(answer)
        tokens.forget()
        with pytest.raises(tokens.InvalidToken):
            tokens.verify(token)

    def test_are_not_ended_by_an_analyst(self, acme):
        analyst = dashboards.works_for(acme, dashboards.Role.ANALYST)

        assert analyst.post(dashboards.page(acme, "end_sessions")).status_code == 403


class TestTestClock:
    def test_moves_a_sandbox(self, olga, acme):
        sandbox = acme.sandbox
        olga.post("/admin/loyalty/business/switch/", {"business": str(sandbox.pk)})
        then = clock.wall() + timedelta(days=40)

        olga.post(dashboards.page(sandbox, "move_clock"), {"to_0": f"{then:%Y-%m-%d}", "to_1": f"{then:%H:%M}"})
        sandbox.refresh_from_db()

        assert sandbox.clock_offset > timedelta(days=39)

    def test_refuses_to_go_back(self, olga, acme):
        olga.post("/admin/loyalty/business/switch/", {"business": str(acme.sandbox.pk)})

        answer = olga.post(dashboards.page(acme.sandbox, "move_clock"), {"to_0": "2020-01-01", "to_1": "00:00"})

        assert "only moves forward" in dashboards.text_of(answer)

    def test_is_not_offered_to_a_live_business(self, olga, acme):
        assert olga.get(dashboards.page(acme, "move_clock")).status_code == 403
