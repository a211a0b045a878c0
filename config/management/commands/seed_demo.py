from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.demo import seeding
from loyalty.kernel.errors import DomainError


class Command(BaseCommand):
    help = "Make the demo business with its year of history, once. Its keys and its password go to demo.json."
    requires_system_checks = []  # `migrate`, just before it, has made them

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.stdout.write(seeding.seed())
        except DomainError as error:
            raise CommandError(error.message) from error
