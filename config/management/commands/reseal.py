from typing import Any

from django.core.management.base import BaseCommand, CommandError

from loyalty.services import sealing


class Command(BaseCommand):
    help = "Seal everything with the first of ENCRYPTION_KEYS, so that the others can go. May be stopped and repeated."

    def handle(self, *args: Any, **options: Any) -> None:
        left = 0
        for column, tally in sealing.reseal():
            self.stdout.write(f"{column}: {tally.resealed} sealed anew, {tally.left} left")
            left += tally.left
        if left:
            raise CommandError(
                f"{left} values are not under the first key: another process still seals with an older one, or no key"
                " opens them (they are in the log as not_resealed). Keep the older keys, and run this again."
            )
        self.stdout.write("Everything is under the first key. The others can be removed.")
