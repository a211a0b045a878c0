from django.apps import AppConfig


class RewardsConfig(AppConfig):
    name = "rewards"

    def ready(self) -> None:
        from rewards import receivers  # noqa: F401  # fills the registries
