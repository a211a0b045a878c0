"""What beat sends exists, and what must happen by itself is sent."""

import ast

import yaml
from celery import current_app
from django.conf import settings

from config import runtime
from config.local import parts
from config.local.options import Options


class TestQueues:
    def test_are_served_by_a_local_run_and_by_the_containers(self):
        compose = yaml.safe_load((runtime.ROOT / "compose.yaml").read_text())["services"]
        options = Options(data=runtime.ROOT, host="127.0.0.1", port=1, shop_port=2)

        for commands in (
            [part.command for part in parts.of(options)],
            [service.get("command", []) for service in compose.values()],
        ):
            served = [word.partition("=")[2] for command in commands for word in command if "--queues=" in str(word)]
            assert sorted(",".join(served).split(",")) == sorted(settings.QUEUES)

    def test_are_all_that_tasks_are_sent_to(self):
        routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}

        assert routed | {settings.CELERY_TASK_DEFAULT_QUEUE} == set(settings.QUEUES)

    def test_keep_mail_from_waiting_for_imports(self):
        routes = settings.CELERY_TASK_ROUTES

        mails = {"webhooks.notify", "rewards.send_gift_cards", "rewards.tell_gift_shortages"}
        assert {name for name, route in routes.items() if route["queue"] == "mail"} == mails


class TestMessages:
    def test_never_carry_a_time_that_is_far_away(self):
        """What happens later is a column: Redis hands out again what waits for longer than its time-out."""
        for app in ("loyalty", "advocates", "rewards", "referrals", "webhooks", "widget", "config"):
            for path in (runtime.ROOT / app).rglob("*.py"):
                named = {node.arg for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.keyword)}
                assert not named & {"eta", "countdown"}, path

    def test_are_safe_with_a_worker_that_dies(self):
        assert settings.CELERY_TASK_ACKS_LATE
        assert settings.CELERY_TASK_REJECT_ON_WORKER_LOST

    def test_hang_nobody_while_the_broker_does(self):
        options = settings.CELERY_BROKER_TRANSPORT_OPTIONS

        assert 0 < options["socket_connect_timeout"] <= options["socket_timeout"] <= 5


class TestBeatSchedule:
    def test_names_tasks_that_exist(self):
        current_app.loader.import_default_modules()

        assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(current_app.tasks)

    def test_names_every_task_of_ours(self):
        current_app.loader.import_default_modules()
        ours = {
            name
            for name in current_app.tasks
            if name.split(".")[0] in {"loyalty", "advocates", "referrals", "rewards", "webhooks"}
        }

        assert ours == {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
