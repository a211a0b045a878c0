from django.apps import AppConfig


class AdvocatesConfig(AppConfig):
    name = "advocates"

    def ready(self) -> None:
        from advocates import receivers  # noqa: F401, PLC0415  # models are ready from here on
