import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from loyalty.api import documents
from loyalty.kernel.differences import Change
from loyalty.kernel.errors import DomainError
from loyalty.models import Business
from loyalty.services import programme

SIGNS = {"added": "+", "changed": "~", "removed": "-"}


class Command(BaseCommand):
    help = "The programme of a business as one document: write it out, apply one, or say what applying would change."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["export", "apply", "diff"])
        parser.add_argument("business", help="its slug")
        parser.add_argument("file", nargs="?", help="*.json is JSON, anything else YAML; without it stdout or stdin")

    def handle(self, *args: Any, action: str, business: str, file: str | None, **options: Any) -> None:
        found = Business.objects.filter(slug=business).first()
        if found is None:
            raise CommandError(f"There is no business with the slug {business!r}.")
        media_type = documents.JSON if file and file.endswith(".json") else documents.YAML
        try:
            if action == "export":
                self._export(found, file, media_type)
            else:
                self._apply(found, file, media_type, dry_run=action == "diff")
        except DomainError as error:
            raise CommandError(error.message) from error
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}.") from error

    def _export(self, business: Business, file: str | None, media_type: str) -> None:
        text = documents.written(programme.current(business).document, media_type)
        if file:
            Path(file).write_bytes(text)
        else:
            self.stdout.write(text.decode(), ending="")

    def _apply(self, business: Business, file: str | None, media_type: str, *, dry_run: bool) -> None:
        body = Path(file).read_bytes() if file else sys.stdin.buffer.read()
        document = programme.parsed(documents.read(body, media_type))
        outcome = programme.apply(business=business, document=document, author="manage.py", dry_run=dry_run)
        for change in outcome.changes:
            self.stdout.write(self._line(change))
        for warning in outcome.warnings:
            self.stderr.write(f"Warning: {warning}")
        if not outcome.changes:
            self.stdout.write("Nothing differs.")
        elif not dry_run:
            self.stdout.write(f"This is version {outcome.now.version}.")

    def _line(self, change: Change) -> str:
        said = f": {change.before!r} → {change.after!r}" if change.action == "changed" else ""
        return f"{SIGNS[change.action]} {change.path}{said}"
