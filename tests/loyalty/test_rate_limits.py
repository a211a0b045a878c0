"""So many calls a minute and a day, exactly, however many arrive at once; and what happens without Redis."""

from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
import redis
from django.db import OperationalError

from loyalty.api import authentication, limits
from loyalty.kernel import clock
from loyalty.kernel import redis as store
from loyalty.models import ApiKey, Plan
from tests import cast
from tests.races import at_once

pytestmark = pytest.mark.urls("tests.loyalty.probes")

NOON = datetime(2026, 5, 1, 12, 0, 10, tzinfo=UTC)


@pytest.fixture
def starter(acme):
    Plan.objects.filter(pk=acme.plan_id).update(calls_per_minute=30, calls_per_day=40)
    return cast.client_of(acme)


@pytest.fixture
def without_redis():
    """The server is gone: every command fails as it does then."""

    def refuse(*_args, **_kwargs):
        raise redis.ConnectionError("refused")

    gone = mock.patch.object(store, "ask", refuse)
    with gone, mock.patch.object(limits, "_fallback", limits._Fallback()):
        yield


def statuses(api, calls):
    return [api.get("/me").status_code for _ in range(calls)]


class TestWindow:
    def test_ends_a_minute_with_429_and_says_when_to_come_back(self, starter):
        with clock.moved_to(NOON):
            assert statuses(starter, 30) == [200] * 30
            response = starter.get("/me")

        assert response.status_code == 429
        assert response.json()["error"]["code"] == "RATE_LIMITED"
        assert response["Retry-After"] == "50"
        assert response["X-RateLimit-Remaining"] == "0"

    def test_starts_anew_with_the_next_minute_but_not_with_a_used_up_day(self, starter):
        with clock.moved_to(NOON):
            statuses(starter, 30)
        with clock.moved_to(NOON.replace(minute=1)):
            assert statuses(starter, 12) == [200] * 10 + [429] * 2

    def test_does_not_count_refused_calls(self, starter):
        with clock.moved_to(NOON):
            statuses(starter, 35)
        with clock.moved_to(NOON.replace(minute=1)):
            assert starter.get("/me")["RateLimit"] == '"minute";r=29;t=50, "day";r=9;t=43130'

    def test_counts_down_in_the_headers(self, starter):
        with clock.moved_to(NOON):
            first, second = starter.get("/me"), starter.get("/me")

        assert (first["X-RateLimit-Limit"], first["X-RateLimit-Remaining"]) == ("30", "29")
        assert second["X-RateLimit-Remaining"] == "28"
        assert second["X-RateLimit-Reset"] == str(int(NOON.timestamp()) + 50)
        assert second["RateLimit-Policy"] == '"minute";q=30;w=60, "day";q=40;w=86400'

    @pytest.mark.django_db(transaction=True)
    def test_lets_exactly_its_quota_through_at_once(self):
        windows = limits.for_business("race", 30, 1000)
        with clock.moved_to(NOON):
            moment = clock.wall()

        def call(_):
            with clock.moved_to(moment):
                return [limits.hit(windows).is_allowed for _ in range(10)]

        allowed = [one for answers in at_once(20, call) for one in answers]

        assert (len(allowed), sum(allowed)) == (200, 30)

    @pytest.mark.django_db(transaction=True)
    def test_without_one_atomic_step_would_let_more_through(self):
        """The control: the same race over a read and then a write."""
        connection = store.client()

        def call(_):
            if int(connection.get("control") or 0) >= 30:
                return False
            return bool(connection.incr("control"))

        allowed = [one for _ in range(20) for one in at_once(20, call)]

        assert sum(allowed) > 30


class TestCountedAhead:
    """Where very much is left, one question to Redis counts several calls."""

    @pytest.fixture(autouse=True)
    def noon(self):
        with clock.moved_to(NOON):
            yield clock.wall()

    @pytest.fixture
    def questions(self, monkeypatch):
        asked = []
        ask = store.ask
        monkeypatch.setattr(store, "ask", lambda *command: asked.append(command) or ask(*command))
        return asked

    def test_never_of_a_quota_that_is_not_large(self, questions):
        windows = limits.for_business("small", 1_999, 100_000)

        assert [limits.hit(windows).used for _ in range(3)] == [[1, 1], [2, 2], [3, 3]]
        assert len(questions) == 3

    def test_tells_each_call_its_own_count(self, questions):
        windows = limits.for_business("large", 600_000, 100_000_000)

        assert [limits.hit(windows).used[0] for _ in range(100)] == list(range(1, 101))
        assert len(questions) == 2

    def test_asks_one_by_one_near_the_end(self, questions):
        windows = limits.for_business("near", 2_500, 10**6)
        for _ in range(1_600):
            limits.hit(windows)
        questions.clear()

        answers = [limits.hit(windows).is_allowed for _ in range(910)]

        assert (sum(answers), len(questions)) == (900, 910)

    def test_is_forgotten_with_its_minute_and_after_a_second(self, noon):
        windows = limits.for_business("late", 600_000, 100_000_000)
        limits.hit(windows)

        with clock.moved_to(noon + timedelta(seconds=2)):
            assert limits.hit(windows).used == [51, 51]
        with clock.moved_to(noon + timedelta(minutes=1)):
            assert limits.hit(windows).used == [1, 101]

    def test_two_processes_share_a_quota_to_the_last_call(self, monkeypatch):
        windows = limits.for_business("shared", 3_000, 10**6)
        processes = [limits._Ahead(), limits._Ahead()]

        allowed = 0
        for number in range(3_200):
            monkeypatch.setattr(limits, "_ahead", processes[number % 2])
            allowed += limits.hit(windows).is_allowed

        assert allowed == 3_000

    @pytest.mark.django_db(transaction=True)
    def test_many_threads_share_it_too(self, noon):
        windows = limits.for_business("threads", 5_000, 10**6)

        def call(_):
            with clock.moved_to(noon):
                return [limits.hit(windows).is_allowed for _ in range(300)]

        assert sum(one for answers in at_once(20, call) for one in answers) == 5_000


class TestStrangers:
    def test_are_not_held_against_an_address_while_nobody_can_be_recognised(self, api, monkeypatch):
        """Who calls while the database restarts has to hear that, and not to stay away for a minute."""
        with monkeypatch.context() as away:
            away.setattr(ApiKey.objects, "usable", mock.Mock(side_effect=OperationalError))
            authentication.forget()
            assert statuses(api, limits.PER_ADDRESS + 5) == [503] * (limits.PER_ADDRESS + 5)

        assert statuses(api, 1) == [200]

    def test_are_counted_by_address(self, anonymous_api):
        with clock.moved_to(NOON):
            answers = [anonymous_api.get("/me").status_code for _ in range(62)]

        assert answers == [401] * 60 + [429] * 2

    def test_are_counted_on_unknown_paths_too(self, anonymous_api):
        with clock.moved_to(NOON):
            answers = [anonymous_api.get("/nowhere").status_code for _ in range(61)]

        assert answers == [404] * 60 + [429]


class TestWithoutRedis:
    def test_calls_with_a_key_go_on_under_a_local_cap(self, starter, without_redis):
        with clock.moved_to(NOON):
            assert statuses(starter, 32) == [200] * 30 + [429] * 2

    def test_what_could_be_guessed_at_is_refused(self, anonymous_api, without_redis):
        response = anonymous_api.get("/guess")

        assert response.status_code == 503
        assert response.json()["error"]["code"] == "UNAVAILABLE"

    def test_redis_is_left_alone_for_a_while(self, starter, without_redis, monkeypatch):
        starter.get("/me")
        asked = []
        monkeypatch.setattr(limits, "_ask_redis", lambda *args: asked.append(args))

        starter.get("/me")

        assert asked == []
