"""Whatever is sent, the answer is JSON in the surface's own error shape, and nothing has changed."""

import re

import pytest

from loyalty.models import Plan

pytestmark = pytest.mark.urls("tests.loyalty.probes")

LEAKS = re.compile(r"Traceback|SELECT |/site-packages/|sk_live_|whsec_")
GOOD = '{"title": "Coffee"}'

BROKEN = [
    ("not JSON", b"hello", 400, None),
    ("half an object", b'{"title": ', 400, None),
    ("trailing text", b'{"title": "x"} {}', 400, None),
    ("single quotes", b"{'title': 'x'}", 400, None),
    ("a list", b"[]", 400, None),
    ("a string", b'"title"', 400, None),
    ("null", b"null", 400, None),
    ("no body", b"", 400, "title"),
    ("an empty object", b"{}", 400, "title"),
    ("not UTF-8", b'{"title": "\xff"}', 400, None),
    ("UTF-16", GOOD.encode("utf-16"), 400, None),
    ("a BOM", b"\xef\xbb\xbf" + GOOD.encode(), 400, None),
    ("NUL", b'{"title": "a\\u0000b"}', 400, None),
    ("NUL in a name", b'{"title": "x", "notes": {"a\\u0000": 1}}', 400, None),
    ("half a surrogate", b'{"title": "\\ud800"}', 400, None),
    ("a raw line break in a string", b'{"title": "a\nb"}', 400, None),
    ("duplicate keys", b'{"title": "x", "title": "y"}', 400, "title"),
    ("duplicate keys, nested", b'{"title": "x", "notes": {"a": 1, "a": 2}}', 400, "a"),
    ("an unknown field", b'{"title": "x", "titel": "y"}', 400, "titel"),
    ("an unknown nested field", b'{"title": "x", "lines": [{"sku": "a", "squ": "b"}]}', 400, "lines.0.squ"),
    ("a missing nested field", b'{"title": "x", "lines": [{}]}', 400, "lines.0.sku"),
    ("the wrong type", b'{"title": 1}', 400, "title"),
    ("null for a string", b'{"title": null}', 400, "title"),
    ("an object for a list", b'{"title": "x", "lines": {}}', 400, "lines"),
    ("zero", b'{"title": "x", "amount": 0}', 400, "amount"),
    ("a negative number", b'{"title": "x", "amount": -1}', 400, "amount"),
    ("a fraction", b'{"title": "x", "amount": 1.5}', 400, "amount"),
    ("a whole fraction", b'{"title": "x", "amount": 12.0}', 400, "amount"),
    ("an exponent", b'{"title": "x", "amount": 1e2}', 400, "amount"),
    ("a number as text", b'{"title": "x", "amount": "12"}', 400, "amount"),
    ("true for a number", b'{"title": "x", "amount": true}', 400, "amount"),
    ("null for a number", b'{"title": "x", "amount": null}', 400, "amount"),
    ("2^31", b'{"title": "x", "amount": 2147483648}', 400, "amount"),
    ("2^63", b'{"title": "x", "amount": 9223372036854775808}', 400, "amount"),
    ("NaN", b'{"title": "x", "amount": NaN}', 400, None),
    ("Infinity", b'{"title": "x", "amount": Infinity}', 400, None),
    ("1e400", b'{"title": "x", "amount": 1e400}', 400, "amount"),
    ("five thousand digits", b'{"title": "x", "amount": ' + b"9" * 5000 + b"}", 400, None),
    ("a thousand levels", b'{"title": "x", "notes": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}", 400, None),
    ("two megabytes", b'{"title": "' + b"x" * 2_000_000 + b'"}', 413, None),
]


def assert_is_an_error(response, status, field=None):
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/json"
    assert not LEAKS.search(response.content.decode())
    error = response.json()["error"]
    assert set(error) == {"code", "message", "field", "requestId"}
    assert error["requestId"] == response["X-Request-Id"]
    assert error["field"] == field
    assert "Location" not in response
    assert int(response["X-RateLimit-Remaining"]) < int(response["X-RateLimit-Limit"])


class TestBrokenBodies:
    @pytest.mark.parametrize(("body", "status", "field"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
    def test_are_refused(self, api, body, status, field):
        plans = Plan.objects.count()

        assert_is_an_error(api.post("/orders", body), status, field)
        assert Plan.objects.count() == plans


class TestOtherBrokenRequests:
    def test_an_unknown_path(self, api):
        assert_is_an_error(api.get("/nowhere"), 404)

    def test_a_path_with_a_trailing_slash(self, api):
        assert_is_an_error(api.get("/orders/"), 404)

    def test_a_wrong_method(self, api):
        response = api.delete("/orders")

        assert_is_an_error(response, 405)
        assert "GET, POST" in response.json()["error"]["message"]
        assert response["Allow"].startswith("GET, POST")

    def test_another_media_type(self, api):
        response = api.post("/orders", GOOD.encode(), Content_Type="application/x-www-form-urlencoded")

        assert_is_an_error(response, 415)

    def test_an_unknown_query_parameter(self, api):
        assert_is_an_error(api.get("/orders", colour="red"), 400, "colour")

    def test_a_crash_tells_nothing(self, api):
        assert_is_an_error(api.post("/orders", {"title": "crash"}), 500)

    @pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "schlüssel"])
    def test_a_bad_idempotency_key(self, api, key):
        assert_is_an_error(api.post("/orders", {"title": "x"}, Idempotency_Key=key), 400, "Idempotency-Key")

    def test_plain_http_is_refused_and_not_redirected(self, api, settings):
        settings.REQUIRE_HTTPS = True

        response = api.get("/orders")

        assert_is_an_error(response, 403)
        assert response.json()["error"]["code"] == "HTTPS_REQUIRED"

    def test_a_forged_scheme_header_is_not_https(self, api, settings):
        settings.REQUIRE_HTTPS = True
        api.headers["X-Forwarded-Proto"] = "https"

        assert api.get("/orders").status_code == 403


class TestErrorShapes:
    def test_the_integration_surface_has_its_own(self, integration_api):
        response = integration_api.get("/integration/nowhere")

        assert response.status_code == 404
        assert set(response.json()) == {"message", "property", "code", "requestId"}

    def test_the_loyalty_surface_has_its_own(self, client, db):
        body = client.get("/api/loyalty/nowhere").json()

        assert set(body) == {"message", "error"}

    def test_the_gift_card_surface_has_its_own(self, client, db):
        assert set(client.get("/v1/Nowhere").json()) == {"Code", "Message", "Field", "RequestId"}

    def test_a_sane_request_id_is_echoed_and_a_strange_one_replaced(self, api):
        api.headers["X-Request-Id"] = "order-1001"
        assert api.get("/orders")["X-Request-Id"] == "order-1001"

        api.headers["X-Request-Id"] = "bad id<script>"
        assert api.get("/orders")["X-Request-Id"] != "bad id<script>"
