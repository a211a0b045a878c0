import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from rewards.services import gift_returns

TRY_AGAIN_LATER = 75  # to a mail server, which keeps the mail


class Command(BaseCommand):
    help = "Take a mail that a mail server sent back, from the standard input. Other mail is left alone."

    def handle(self, *args: Any, **options: Any) -> None:
        mail = sys.stdin.buffer.read()  # to its end: a mail server takes a pipe that closes early for a failure
        try:
            is_ours = gift_returns.hear(mail)
        except OperationalError as error:
            raise CommandError("The database does not answer.", returncode=TRY_AGAIN_LATER) from error
        self.stdout.write("Noted." if is_ours else "This tells the end of no mail of ours.")
