from django.apps import AppConfig
from django.core.signals import request_started
from django.db import close_old_connections, reset_queries


class CompositionRoot(AppConfig):
    name = "config"
    verbose_name = "Laurel"

    def ready(self) -> None:
        from config import celery, checks  # noqa: F401, PLC0415  # tasks bind to the app; checks register

        # Each request would pay for both. Its end closes what is too old or broken, and lets the next one try whether
        # the connection lives; queries are only logged while debugging.
        request_started.disconnect(close_old_connections)
        request_started.disconnect(reset_queries)
