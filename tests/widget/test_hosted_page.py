import pytest

from loyalty.models import Business


def ancestors(response):
    policy = response["Content-Security-Policy"]
    return next(rule for rule in policy.split("; ") if rule.startswith("frame-ancestors")).split()[1:]


class TestHostedPage:
    @pytest.mark.parametrize("slug", ["nobody", "acme-sandbox-2", "ACME"])
    def test_does_not_exist_for_unknown_businesses(self, client, acme, slug):
        assert client.get(f"/w/{slug}").status_code == 404

    def test_does_not_exist_for_suspended_businesses(self, client, acme):
        Business.objects.filter(pk=acme.pk).update(status=Business.Status.SUSPENDED)

        assert client.get("/w/acme").status_code == 404

    def test_is_the_same_for_everyone_and_may_be_cached(self, client, acme, ada):
        response = client.get("/w/acme")

        assert response["Cache-Control"] == "public, max-age=60"
        assert "Cookie" not in response.get("Vary", "")
        assert "Ada" not in response.text

    def test_sets_no_cookie(self, client, acme):
        response = client.get("/w/acme")

        assert not response.cookies

    def test_may_be_framed_by_the_shops_of_its_business_only(self, client, acme, rival):
        Business.objects.filter(pk=acme.pk).update(allowed_origins=["https://acme.example", "http://localhost:3000"])
        Business.objects.filter(pk=rival.pk).update(allowed_origins=["https://rival.example"])

        response = client.get("/w/acme")

        assert ancestors(response) == ["'self'", "https://acme.example", "http://localhost:3000"]
        assert "X-Frame-Options" not in response

    @pytest.mark.parametrize(
        "origin",
        [
            "*",
            "https:",
            "https://*.example",
            "https://a.example/path",
            "'unsafe-inline'",
            "https://a.example; script-src *",
        ],
    )
    def test_never_frames_by_wildcard_or_injection(self, client, acme, origin):
        Business.objects.filter(pk=acme.pk).update(allowed_origins=[origin])

        response = client.get("/w/acme")

        assert ancestors(response) == ["'self'"]
        assert "script-src 'self';" in response["Content-Security-Policy"] + ";"

    def test_allows_no_inline_code_and_contains_none(self, client, acme):
        response = client.get("/w/acme")

        assert "unsafe" not in response["Content-Security-Policy"]
        assert "<style" not in response.text
        assert " style=" not in response.text
        assert "<script>" not in response.text
        assert " onclick=" not in response.text

    def test_tells_nobody_where_the_visitor_came_from(self, client, acme):
        assert client.get("/w/acme")["Referrer-Policy"] == "no-referrer"

    def test_shows_the_name_of_the_business_inert(self, client, acme):
        Business.objects.filter(pk=acme.pk).update(name="<script>alert(1)</script>")

        assert "<script>alert" not in client.get("/w/acme").text


class TestOtherPages:
    @pytest.mark.parametrize("path", ["/", "/w/nobody", "/w/acme/home"])
    def test_are_framed_by_nobody(self, client, acme, path):
        response = client.get(path)

        assert ancestors(response) == ["'none'"]
        assert response["X-Frame-Options"] == "DENY"
