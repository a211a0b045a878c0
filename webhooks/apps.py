from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "webhooks"

    def ready(self) -> None:
        from webhooks import receivers, tasks  # noqa: F401, PLC0415  # every process can name the tasks it wakes
