"""A task that kills its worker is given to three of them, and to no fourth."""

import time
from datetime import timedelta

import pytest
from celery import current_app

from loyalty.kernel import clock, ids, redis
from loyalty.models import RedeliveredTask
from loyalty.services import quarantine
from tests import dashboards, tasks, workers

SOUND = 200


def admitted(task_id):
    return quarantine.admits(task_id=task_id, name="tests.sound", arguments={"args": [], "kwargs": {"number": 1}})


@pytest.mark.django_db
class TestCount:
    def test_sets_a_task_aside_after_three_deliveries(self):
        task_id = ids.new_id()

        assert [admitted(task_id) for _ in range(4)] == [True, True, False, False]
        assert admitted(ids.new_id())

    def test_begins_anew_for_who_came_back(self):
        task_id = ids.new_id()
        admitted(task_id)
        quarantine.survived(task_id)

        assert not RedeliveredTask.objects.exists()

    def test_is_kept_for_thirty_days(self):
        admitted(ids.new_id())
        with clock.moved_to(clock.wall() + timedelta(days=29)):
            quarantine.purge()
            kept = RedeliveredTask.objects.count()
        with clock.moved_to(clock.wall() + timedelta(days=31)):
            quarantine.purge()

        assert (kept, RedeliveredTask.objects.count()) == (1, 0)


@pytest.mark.django_db
class TestTask:
    @pytest.fixture(autouse=True)
    def redelivered(self):
        tasks.sound.push_request(id=str(ids.new_id()), delivery_info={"redelivered": True})
        yield
        tasks.sound.pop_request()

    def test_that_came_back_is_done_and_forgotten(self):
        tasks.sound(7)

        assert redis.client().smembers("tests:done") == {b"7"}
        assert not RedeliveredTask.objects.exists()

    def test_that_is_set_aside_is_not_done(self):
        for _ in range(3):
            admitted(tasks.sound.request.id)

        tasks.sound(7)

        assert not redis.client().exists("tests:done")
        assert RedeliveredTask.objects.get().quarantined_at


@pytest.mark.django_db(transaction=True)
class TestPoison:
    def test_is_set_aside_while_the_others_are_done(self, tmp_path):
        started = time.monotonic()
        with workers.running("bulk", tmp_path / "bulk.log"):
            for number in range(SOUND):
                if number == SOUND // 4:
                    current_app.send_task("tests.poison")
                current_app.send_task("tests.sound", kwargs={"number": number})
            workers.wait_until(lambda: redis.client().scard("tests:done") == SOUND, seconds=60, what="all are done")
            workers.wait_until(
                lambda: RedeliveredTask.objects.filter(quarantined_at__isnull=False).exists(),
                seconds=60 - (time.monotonic() - started),
                what="the poison is set aside",
            )

        assert int(redis.client().get("tests:poisoned")) == 3
        assert RedeliveredTask.objects.get().name == "tests.poison"
        assert "tests.poison" in dashboards.text_of(dashboards.operator().get(dashboards.listed(RedeliveredTask)))
