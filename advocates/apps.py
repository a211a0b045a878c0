from django.apps import AppConfig


class AdvocatesConfig(AppConfig):
    name = "advocates"

    def ready(self) -> None:
        from advocates import receivers, tasks  # noqa: F401, PLC0415  # models are ready; names what it wakes
