"""The Celery application. Postgres holds every promise; a message here is only a nudge."""

import os
from typing import Any
from uuid import UUID

from config import broker, runtime

runtime.load()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from celery import Celery, Task, signals  # noqa: E402  # after the environment


class GuardedTask(Task[Any, Any]):
    """Tasks that may have killed their worker are counted, and set aside in the end; all others pay nothing for it."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from loyalty.services import quarantine  # noqa: PLC0415  # after the apps

        if not (self.request.delivery_info or {}).get("redelivered"):
            return self.run(*args, **kwargs)
        task_id = UUID(self.request.id)
        if not quarantine.admits(task_id=task_id, name=self.name, arguments={"args": args, "kwargs": kwargs}):
            return None
        try:
            return self.run(*args, **kwargs)
        finally:
            quarantine.survived(task_id)


broker.install()
signals.worker_ready.connect(lambda **_: runtime.settle(), weak=False)
app = Celery("laurel", task_cls=GuardedTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
