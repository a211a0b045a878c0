"""What beat sends exists, and what must happen by itself is sent."""

from celery import current_app
from django.conf import settings


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
