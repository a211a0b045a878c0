from django.apps import AppConfig


class ReferralsConfig(AppConfig):
    name = "referrals"

    def ready(self) -> None:
        from referrals import receivers, tasks  # noqa: F401, PLC0415  # fills the registries; names what it wakes
