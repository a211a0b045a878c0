"""The Celery application. Postgres holds every promise; a message here is only a nudge."""

import os

from config import runtime

runtime.load()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from celery import Celery  # noqa: E402  # after the environment

app = Celery("laurel")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
