"""Endpoints and deliveries in the dashboard."""

import re
from datetime import UTC, datetime

import pytest
from django.utils.html import escape

from loyalty.services import ledger, publication
from tests import dashboards
from webhooks.models import Attempt, Delivery, Endpoint
from webhooks.services import deliveries, endpoints, sending

ADD = "/admin/webhooks/endpoint/add/"
FORM = {
    "url": "http://127.0.0.1:9/hook",
    "topics": ["points/*"],
    "signature_profile": "standard",
    "description": "Shop",
}


@pytest.fixture
def olga(acme):
    return dashboards.works_for(acme)


@pytest.fixture
def endpoint(acme) -> Endpoint:
    return endpoints.create(business=acme, url="http://127.0.0.1:9/hook", topics=["points/*"])[0]


@pytest.fixture
def delivery(endpoint) -> Delivery:
    made = deliveries.send_example(business=endpoint.business, endpoint_id=endpoint.pk)
    Delivery.objects.filter(pk=made.pk).update(status="failed", next_attempt_at=None)
    return made


def secrets_in(answer) -> list[str]:
    return re.findall(r"whsec_[\w+/=]{20,}", dashboards.text_of(answer))


class TestCreateEndpoint:
    @pytest.mark.parametrize(
        ("field", "value"),
        [("url", "http://10.0.0.1/hook"), ("url", "ftp://127.0.0.1/"), ("topics", []), ("topics", ["points/none"])],
    )
    def test_says_beside_the_field_what_is_wrong(self, olga, field, value):
        answer = olga.post(ADD, {**FORM, field: value})

        assert field in answer.context["adminform"].form.errors
        assert not Endpoint.objects.exists()

    def test_refuses_topics_that_the_profile_cannot_carry(self, olga):
        answer = olga.post(ADD, {**FORM, "signature_profile": "callback-sha512"})

        assert "topics" in answer.context["adminform"].form.errors

    @pytest.mark.parametrize("url", ["http://consumer:8080/hook", "https://my_shop.example.com/hook"])
    def test_takes_what_the_api_takes(self, olga, url):
        olga.post(ADD, {**FORM, "url": url})

        assert Endpoint.objects.get().url == url

    def test_shows_the_secret_once(self, olga, acme):
        (secret,) = secrets_in(olga.post(ADD, FORM))
        made = Endpoint.objects.for_business(acme).get()

        assert made.topics == ["points/*"]
        assert secret not in dashboards.text_of(olga.get(dashboards.page(made)))


class TestEndpoint:
    def test_is_changed(self, olga, endpoint):
        olga.post(dashboards.page(endpoint), {**FORM, "topics": ["*"], "description": "Both"})
        endpoint.refresh_from_db()

        assert (endpoint.topics, endpoint.description) == (["*"], "Both")

    def test_gets_a_new_secret_that_is_shown_once(self, olga, endpoint):
        (secret,) = secrets_in(olga.post(dashboards.page(endpoint, "rotate")))
        endpoint.refresh_from_db()

        assert endpoint.old_secret_until is not None
        assert secret not in dashboards.text_of(olga.get(dashboards.page(endpoint, "history")))

    def test_is_disabled_and_enabled(self, olga, endpoint):
        olga.post(dashboards.page(endpoint, "disable"))
        endpoint.refresh_from_db()
        assert (endpoint.status, endpoint.disabled_reason) == ("disabled", "operator")

        olga.post(dashboards.page(endpoint, "enable"))
        endpoint.refresh_from_db()
        assert endpoint.status == "active"

    def test_is_sent_everything_again_since_a_moment(self, olga, acme, endpoint, ada):
        ledger.award(business=acme, account_id=ada.pk, amount=5)
        publication.publish()
        asked = dashboards.page(endpoint, "replay")
        assert "also what has arrived" in dashboards.text_of(olga.get(asked))

        olga.post(asked, {"since_0": "2020-01-01", "since_1": "00:00:00"})

        assert Delivery.objects.for_business(acme).filter(endpoint=endpoint, status="pending").exists()
        late = olga.post(asked, {"since_0": "2090-01-01", "since_1": "00:00:00"}, follow=True)
        assert "Nothing has happened since then" in dashboards.text_of(late)
        assert "since" in olga.post(asked, {"since_0": "soon", "since_1": ""}).context["form"].errors

    def test_is_sent_an_example(self, olga, endpoint):
        olga.post(dashboards.page(endpoint, "send_example"), {"topic": "points/redeemed"})

        assert Delivery.objects.get(endpoint=endpoint).topic == "points/redeemed"

    def test_is_sent_no_example_of_what_it_does_not_hear(self, olga, endpoint):
        olga.post(dashboards.page(endpoint, "send_example"), {"topic": "customers/joined"})

        assert not Delivery.objects.exists()

    def test_is_deleted_after_a_question(self, olga, endpoint, delivery):
        olga.get(dashboards.page(endpoint, "remove"))
        assert Endpoint.objects.exists()

        olga.post(dashboards.page(endpoint, "remove"))
        assert not Endpoint.objects.exists()


class TestDelivery:
    def test_cannot_be_written(self, olga, delivery):
        assert olga.post(dashboards.page(delivery), {"status": "delivered"}).status_code == 403
        assert olga.get("/admin/webhooks/delivery/add/").status_code == 403

    def test_is_tried_again(self, olga, delivery):
        olga.post(dashboards.page(delivery, "retry"))
        delivery.refresh_from_db()

        assert delivery.status == "pending"

    def test_is_tried_again_with_others(self, olga, delivery):
        olga.post(dashboards.listed(Delivery), {"action": "retry_all", "_selected_action": [str(delivery.pk)]})
        delivery.refresh_from_db()

        assert delivery.status == "pending"

    def test_says_why_it_is_not_tried(self, olga, delivery, endpoint):
        endpoints.update(business=endpoint.business, endpoint_id=endpoint.pk, status="disabled")

        form = {"action": "retry_all", "_selected_action": [str(delivery.pk)]}
        answer = olga.post(dashboards.listed(Delivery), form, follow=True)

        assert "endpoint is disabled" in dashboards.text_of(answer)

    def test_shows_what_was_sent(self, olga, delivery):
        text = dashboards.text_of(olga.get(dashboards.page(delivery)))

        assert "Not tried yet" in text
        assert "businessId" in text

    def test_of_a_callback_shows_its_own_words(self, olga, acme):
        said = {"topics": ["points/redeemed"], "signature_profile": "callback-sha512"}
        endpoint, _ = endpoints.create(business=acme, url="http://127.0.0.1:9/hook", **said)
        made = deliveries.send_example(business=acme, endpoint_id=endpoint.pk)

        text = dashboards.text_of(olga.get(dashboards.page(made)))

        assert "tokenAmount" in text
        assert "businessId" not in text


class TestAttempt:
    """A row of its delivery's page: number, time, status, duration, what went wrong, what it said."""

    WHEN = datetime(2026, 5, 1, 12, tzinfo=UTC)

    @pytest.fixture
    def row(self, olga, delivery):
        """The cells of an attempt, as they stand in the page."""

        def shown(**said):
            of = {"business": delivery.business, "delivery": delivery, "number": 1, "at": self.WHEN}
            Attempt.objects.create(**of, **{"duration_ms": 1234, **said})
            page = dashboards.text_of(olga.get(dashboards.page(delivery)))
            _, _, panel = page.partition("<h2>Attempts</h2>")
            return [cell.strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", panel, re.DOTALL)[:6]]

        return shown

    def test_that_failed_is_shown_with_its_whole_answer(self, row):
        text = "It broke. " + "x" * 4_080 + "the end"

        number, when, status, took, error, said = row(status=500, answer=text)

        assert (number, status, took, error) == ("1", "500", "1,234 ms", "–")
        assert "2026-05-01T12:00:00+00:00" in when
        assert said.startswith('<details class="lr-long">')
        assert f"</summary>{text}</details>" in said

    def test_that_was_answered_with_html_is_shown_as_text(self, row):
        page = "<script>alert(1)</script><h1 class='sorry'>502</h1>" * 10

        said = row(status=502, answer=page)[-1]

        assert f"</summary>{escape(page)}</details>" in said
        assert "<script" not in said
        assert "<h1" not in said

    def test_that_timed_out_says_so(self, row):
        number, _, status, took, error, said = row(error=sending.TIMED_OUT, duration_ms=15_000)

        assert (number, status, took, said) == ("1", "–", "15,000 ms", "–")
        assert sending.TIMED_OUT in error

    def test_that_was_sent_elsewhere_says_so_beside_its_status(self, row):
        _, _, status, _, error, _ = row(status=302, error=sending.REDIRECTED)

        assert status == "302"
        assert sending.REDIRECTED in error
