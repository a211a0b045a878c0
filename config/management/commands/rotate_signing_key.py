from typing import Any

from django.core.management.base import BaseCommand

from loyalty.services import signing


class Command(BaseCommand):
    help = "Sign end users' tokens with a new key from now on. Tokens of the old one work until they expire."

    def handle(self, *args: Any, **options: Any) -> None:
        signing.rotate()
        self.stdout.write("A new key signs. The old one verifies what it signed.")
