from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


def _ensure_plans(**_: Any) -> None:
    from loyalty.services import businesses  # noqa: PLC0415  # models are ready only now

    businesses.ensure_plans()


class LoyaltyConfig(AppConfig):
    name = "loyalty"

    def ready(self) -> None:
        from loyalty import receivers, tasks  # noqa: F401, PLC0415  # fills the registries; names what it wakes

        post_migrate.connect(_ensure_plans, sender=self)
