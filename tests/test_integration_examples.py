"""docs/developers/examples: each of the three ways to integrate, in two languages, run against a server."""

import os
import subprocess
import sys
from pathlib import Path

import playwright
import pytest
from playwright.sync_api import expect

from config.local.valkey import free_port
from loyalty.models import Business, EventType
from loyalty.services import quests
from loyalty.services.quest_rules import Notification, Rules, TaskRules, in_points
from rewards.models import Redemption
from rewards.services import rewards

pytestmark = pytest.mark.django_db(transaction=True)

EXAMPLES = Path(__file__).resolve().parent.parent / "docs/developers/examples"
NODE = Path(playwright.__file__).parent / "driver/node"
LANGUAGES = {".py": sys.executable, ".mjs": str(NODE)}
BOTH = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture
def programme(acme):
    EventType.objects.create(business=acme, name="ride_completed", title="Ride completed")
    rewards.create(business=acme, name="Free coffee", type="custom", points_cost=40, code_prefix="BEAN")

    def make(**said):
        well_done = Notification(display="toast", title="Well done")
        step = TaskRules(
            title="Ride once",
            type="event",
            trigger="ride_completed",
            benefits=[in_points(50)],
            notification=well_done,
        )
        return quests.create(business=acme, title="Commuter", rules=Rules(tasks=[step], **said))

    return make


@pytest.fixture
def environment(live_server, settings, integration_api):
    settings.PUBLIC_URL = live_server.url
    key = integration_api.headers["X-API-KEY"]
    return {"PATH": os.environ["PATH"], "LAUREL": live_server.url, "INTEGRATION_KEY": key}


def command(name, language, *arguments):
    return [LANGUAGES[language], str(EXAMPLES / f"{name}{language}"), *arguments]


def run(name, language, environment):
    done = subprocess.run(
        command(name, language, "customer-42"),
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_every_example_is_there_in_both_languages():
    names = {path.stem for path in EXAMPLES.iterdir() if path.suffix in LANGUAGES} - {"discounts"}  # a receiver

    assert names == {"direct_backend", "user_app", "widget_page"}
    assert all((EXAMPLES / f"{name}{language}").exists() for name in names for language in LANGUAGES)


class TestDirect:
    @BOTH
    def test_tells_claims_redeems_and_shows(self, programme, environment, language):
        programme(auto_claim=False)

        said = run("direct_backend", language, environment)

        code = Redemption.objects.get().coupon_code
        assert said[:3] == ["Ride once: 50 points", f"Free coffee: {code}", "10 points, Bronze"]
        assert said[3:] == ["- missionCompleted", "- challengeCompleted", *said[5:]]
        assert {"- metricChanged", "- rewardRedeemed", "- couponReceived"} <= set(said[5:])

    @BOTH
    def test_may_be_run_again_and_buys_nothing_more(self, programme, environment, language):
        programme(auto_claim=False)
        run("direct_backend", language, environment)

        again = run("direct_backend", language, environment)

        assert (again[0], Redemption.objects.count()) == ("10 points, Bronze", 1)


class TestUserToken:
    @BOTH
    def test_draws_what_the_user_has_done(self, programme, environment, language):
        programme()

        assert run("user_app", language, environment) == [
            *("0 points", "Commuter", "  [ ] Ride once"),
            "* Well done",
            *("50 points", "Commuter", "  [x] Ride once"),
        ]


@pytest.mark.browser
class TestWidget:
    @BOTH
    def test_stands_on_the_shops_page_at_the_section_it_asks_for(self, acme, programme, environment, page, language):
        port = free_port()
        Business.objects.filter(pk=acme.pk).update(allowed_origins=[f"http://127.0.0.1:{port}"])
        shop = subprocess.Popen(
            command("widget_page", language, "customer-42"),
            env=environment | {"PORT": str(port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            address = shop.stdout.readline().removeprefix("Open ").strip()
            page.goto(address)
            frame = page.frame_locator("iframe")

            expect(frame.get_by_role("heading", name="Rewards", exact=True)).to_be_visible()
            expect(frame.get_by_text("Free coffee")).to_be_visible()
            expect(frame.locator("#balance")).to_have_text("0")
        finally:
            shop.terminate()
            shop.communicate(timeout=10)
