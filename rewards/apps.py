from django.apps import AppConfig


class RewardsConfig(AppConfig):
    name = "rewards"

    def ready(self) -> None:
        from rewards import receivers, tasks  # noqa: F401, PLC0415  # fills the registries; names what it wakes
