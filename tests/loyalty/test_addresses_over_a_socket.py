"""Whose address a call comes from where headers come twice: over a socket, to the server that we run."""

import http.client
import json

import pytest

from loyalty.models import Business
from tests import cast
from tests.web import serving

pytestmark = pytest.mark.django_db(transaction=True)

LISTED, CLIENT = "203.0.113.7", "198.51.100.9"
OURS = ("X-Forwarded-For", CLIENT)  # what our proxy, which is this test, adds about its client

SPOOFS = {
    "a line before ours": [("X-Forwarded-For", LISTED), OURS],
    "many lines before ours": [*[("X-Forwarded-For", LISTED)] * 20, OURS],
    "a line before ours in small letters": [("x-forwarded-for", LISTED), OURS],
    "a line of two before ours": [("X-Forwarded-For", f"{LISTED}, {LISTED}"), OURS],
    "an empty line before ours": [("X-Forwarded-For", LISTED), ("X-Forwarded-For", ""), OURS],
}


@pytest.fixture
def server(tmp_path):
    """Behind one proxy."""
    with serving(tmp_path, TRUSTED_PROXY_COUNT="1") as server:
        yield server


@pytest.fixture
def call(acme, ada, server):
    Business.objects.filter(pk=acme.pk).update(ip_allowlist=[LISTED])
    key = cast.integration_client_of(acme).headers["X-API-KEY"]

    def ask(lines):
        connection = http.client.HTTPConnection(server.options.address, server.options.port, timeout=30)
        connection.putrequest("GET", "/api/v1/integration/user/ada-1/balance")
        for name, value in [("X-API-KEY", key), *lines]:
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        answer = response.status, json.loads(response.read())
        connection.close()
        return answer

    return ask


def test_is_the_one_that_our_proxy_names_last_whatever_was_sent_before(call):
    for spoof, lines in SPOOFS.items():
        status, answer = call(lines)

        assert (status, answer.get("code")) == (403, "IP_NOT_ALLOWED"), (spoof, answer)
        assert answer["message"].startswith(f"The address {CLIENT} "), spoof


def test_gets_in_where_it_is_listed_whatever_was_sent_before(call):
    assert call([("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-For", LISTED)])[0] == 200
    assert call([("X-Forwarded-For", f"192.0.2.1, {LISTED}")])[0] == 200
