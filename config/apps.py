from django.apps import AppConfig


class CompositionRoot(AppConfig):
    name = "config"
    verbose_name = "Laurel"

    def ready(self) -> None:
        from config import celery, checks  # noqa: F401, PLC0415  # tasks bind to the app; checks register
