"""Whose address a call comes from: twenty ways to pretend, behind our own proxy, and nobody gets in or gets more."""

import pytest
from django.test import Client, RequestFactory

from loyalty.api import addresses, limits
from loyalty.models import Business
from tests import cast
from tests.refusals import assert_integration_refused

LISTED, MAPPED, LISTED_6 = "203.0.113.7", "::ffff:203.0.113.7", "2001:db8::7"
CLIENT, PROXY = "198.51.100.9", "10.0.0.5"
REFUSAL = (
    f"The address {CLIENT} is not in the allowlist of this business. "
    "Add it in the dashboard: https://laurel.example/admin/ under Settings, IP allowlist."
)

SPOOFS = {
    "X-Forwarded-For": {"X-Forwarded-For": LISTED},
    "X-Forwarded-For of two": {"X-Forwarded-For": f"{LISTED}, {LISTED}"},
    "X-Forwarded-For that ends open": {"X-Forwarded-For": f"{LISTED},"},
    "X-Forwarded-For of nothing": {"X-Forwarded-For": ",,,"},
    "X-Forwarded-For with spaces": {"X-Forwarded-For": f"  {LISTED}  "},
    "X-Forwarded-For with a tab": {"X-Forwarded-For": f"\t{LISTED}"},
    "X-Forwarded-For with a port": {"X-Forwarded-For": f"{LISTED}:443"},
    "X-Forwarded-For in IPv6": {"X-Forwarded-For": LISTED_6},
    "X-Forwarded-For in IPv6 with a port": {"X-Forwarded-For": f"[{LISTED_6}]:443"},
    "X-Forwarded-For mapped into IPv6": {"X-Forwarded-For": MAPPED},
    "X-Forwarded-For of a thousand": {"X-Forwarded-For": ", ".join([LISTED] * 1_000)},
    "X-Forwarded-For with a name": {"X-Forwarded-For": f"for={LISTED}"},
    "X-Forwarded-For of the proxy": {"X-Forwarded-For": f"{LISTED}, {PROXY}"},
    "X-Real-IP": {"X-Real-IP": LISTED},
    "Forwarded": {"Forwarded": f"for={LISTED};proto=https"},
    "True-Client-IP": {"True-Client-IP": LISTED},
    "X-Client-IP": {"X-Client-IP": LISTED},
    "CF-Connecting-IP": {"CF-Connecting-IP": LISTED},
    "X-Cluster-Client-IP": {"X-Cluster-Client-IP": LISTED},
    "Remote-Addr": {"Remote-Addr": LISTED, "X-Remote-Addr": LISTED, "X-Originating-IP": LISTED},
}


@pytest.fixture
def key(acme, settings):
    """Acme's key, behind one proxy, with a list of both kinds of addresses."""
    settings.TRUSTED_PROXY_COUNT = 1
    settings.PUBLIC_URL = "https://laurel.example"
    Business.objects.filter(pk=acme.pk).update(ip_allowlist=[LISTED, "2001:db8::/32"])
    return cast.integration_client_of(acme).headers["X-API-KEY"]


def call(key, headers=None, *, client=CLIENT, proxy=PROXY):
    """What our proxy makes of a client's call: it adds where the call came from."""
    sent = dict(headers or {})
    hops = [sent["X-Forwarded-For"], client] if "X-Forwarded-For" in sent else [client]
    sent |= {"X-Forwarded-For": ", ".join(hops), "X-API-KEY": key}
    return Client().get("/api/v1/integration/user/ada-1/token", headers=sent, REMOTE_ADDR=proxy)


class TestPretending:
    def test_is_tried_in_twenty_ways(self):
        assert len(SPOOFS) == 20

    @pytest.mark.parametrize("headers", SPOOFS.values(), ids=SPOOFS)
    def test_lets_nobody_in_and_the_refusal_says_who_it_was_and_where_to_add_them(self, key, headers):
        response = call(key, headers)

        assert_integration_refused(response, "IP_NOT_ALLOWED", None, status=403)
        assert response.json()["message"] == REFUSAL

    @pytest.mark.parametrize("headers", SPOOFS.values(), ids=SPOOFS)
    def test_past_the_proxy_lets_nobody_in_either(self, key, headers):
        response = Client().get(
            "/api/v1/integration/user/ada-1/token", headers={**headers, "X-API-KEY": key}, REMOTE_ADDR=CLIENT
        )

        assert_integration_refused(response, "IP_NOT_ALLOWED", None, status=403)
        assert response.json()["message"] == REFUSAL

    @pytest.mark.usefixtures("at_one_moment")
    def test_does_not_make_one_caller_many(self, db, settings, monkeypatch):
        settings.TRUSTED_PROXY_COUNT = 1
        monkeypatch.setattr(limits, "PER_ADDRESS", 19)

        answers = [call("ik_live_unknown", headers).status_code for headers in SPOOFS.values()]

        assert answers == [401] * 19 + [429]


class TestListed:
    @pytest.mark.parametrize("address", [LISTED, MAPPED, LISTED_6, "2001:db8:ffff::1"])
    def test_gets_in(self, acme, ada, key, address):
        assert call(key, client=address).status_code == 200
        assert call(key, {"X-Forwarded-For": "192.0.2.1"}, client=address).status_code == 200

    @pytest.mark.parametrize("address", ["203.0.113.8", "2001:db9::1", "::1", "nonsense", ""])
    def test_is_nobody_else(self, acme, ada, key, address):
        assert_integration_refused(call(key, client=address), "IP_NOT_ALLOWED", None, status=403)

    def test_is_nobody_where_the_list_is_empty(self, acme, ada, key):
        Business.objects.filter(pk=acme.pk).update(ip_allowlist=[])

        for address in (LISTED, LISTED_6, "127.0.0.1"):
            assert_integration_refused(call(key, client=address), "IP_NOT_ALLOWED", None, status=403)

    def test_costs_no_query(self, acme, ada, key, django_assert_num_queries):
        call(key, client=LISTED)
        unlisted = "198.51.100.77"

        with django_assert_num_queries(0):
            assert call(key, client=unlisted).status_code == 403


class TestProxies:
    def seen(self, forwarded, remote=PROXY):
        request = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded}, REMOTE_ADDR=remote)
        return addresses.client_address(request)

    @pytest.mark.parametrize(
        ("count", "seen"), [(0, PROXY), (1, "192.0.2.3"), (2, "192.0.2.2"), (3, "192.0.2.1"), (4, "")]
    )
    def test_are_counted_from_the_right(self, settings, count, seen):
        settings.TRUSTED_PROXY_COUNT = count

        assert self.seen("192.0.2.1, 192.0.2.2, 192.0.2.3") == seen

    def test_stand_where_we_were_told(self, settings):
        settings.TRUSTED_PROXY_COUNT = 1
        settings.TRUSTED_PROXY_NETWORKS = ["192.0.2.0/24"]

        assert self.seen(LISTED, remote="192.0.2.200") == LISTED
        assert self.seen(LISTED, remote=PROXY) == PROXY

    def test_on_this_machine_may_have_no_address(self, settings):
        settings.TRUSTED_PROXY_COUNT = 1

        assert self.seen(LISTED, remote="") == LISTED
