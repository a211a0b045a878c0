from django.apps import AppConfig


class WidgetConfig(AppConfig):
    name = "widget"

    def ready(self) -> None:
        from widget import receivers  # noqa: F401, PLC0415  # connects to its signal
