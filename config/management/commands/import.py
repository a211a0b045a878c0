from argparse import ArgumentParser
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from advocates.models import Import
from advocates.models.imports import money, problems, totals
from advocates.services import imports
from advocates.services.kinds.imports import KINDS
from advocates.services.kinds.imports.base import OURS
from config import runtime
from loyalty.kernel.errors import DomainError
from loyalty.kernel.money import money_text
from loyalty.models import Business

SHOWN = 20  # problems; the report in the dashboard has all of them
State = Import.State
DOING = {State.CHECKING: "Checking", State.RUNNING: "Importing", State.UNDOING: "Undoing"}


class Command(BaseCommand):
    help = (
        "Bring a CSV file into a business. It is checked first; what would be refused is told by its line. "
        "`resume` and `undo` take the id of an import instead of a file."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=[*KINDS, "resume", "undo"])
        parser.add_argument("what", help="a CSV file in UTF-8, or the id of an import")
        parser.add_argument("--business", required=True, help="its slug")
        parser.add_argument("--layout", default=OURS, help="whose export it is: smile, loyaltylion, yotpo, …")
        parser.add_argument("--dry-run", action="store_true", help="check only; `resume` does it later")
        parser.add_argument("--skip-refused", action="store_true", help="import the others, if lines are refused")
        parser.add_argument("--pay", action="store_true", help="let rules pay: for joining, or for orders")

    def handle(self, *args: Any, action: str, what: str, business: str, **options: Any) -> None:
        found = Business.objects.filter(slug=business).first()
        if found is None:
            raise CommandError(f"There is no business with the slug {business!r}.")
        runtime.settle()
        try:
            if action == "undo":
                self._undo(found, _id(what))
            elif action == "resume":
                self._finish(found, _id(what), **options)
            else:
                self._finish(found, self._receive(found, action, Path(what), options), **options)
        except DomainError as error:
            raise CommandError(error.message) from error
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}.") from error

    def _receive(self, business: Business, kind: str, file: Path, options: dict[str, Any]) -> UUID:
        with file.open(encoding="utf-8", newline="") as lines:
            made = imports.receive(
                business=business,
                kind=kind,
                lines=lines,
                title=file.name,
                layout=options["layout"],
                pays=options["pay"],
                author="manage.py",
            )
        self.stdout.write(f"Import {made.pk}")
        return made.pk

    def _finish(
        self, business: Business, import_id: UUID, *, dry_run: bool, skip_refused: bool, **options: Any
    ) -> None:
        found = self._work(business, import_id)
        if found.state != State.CHECKED:
            return self._report(found)
        self._report(found)
        if totals(found)["refused"] and not skip_refused and not dry_run:
            raise CommandError("Nothing was imported. Mend the lines, or import the others with --skip-refused.")
        if dry_run:
            self.stdout.write("Nothing was imported: this was a dry run.")
            return None
        imports.start(business=business, import_id=import_id)
        return self._report(self._work(business, import_id))

    def _undo(self, business: Business, import_id: UUID) -> None:
        imports.undo(business=business, import_id=import_id)
        stayed = totals(self._work(business, import_id))["stayed"]
        rest = f" {stayed:,} things stay: something has come of them since." if stayed else ""
        self.stdout.write(f"Undone.{rest}")

    def _work(self, business: Business, import_id: UUID) -> Import:
        """Settle part by part, and show how far it is where somebody looks on."""
        found = Import.objects.for_business(business).filter(pk=import_id).first()
        if found is None:
            raise CommandError("There is no such import.")
        with _bar(found) as bar:
            while imports.advance(business=business, import_id=import_id):
                if not bar.disable:
                    bar.update(totals(found)["settled"] - bar.n)
        found.refresh_from_db()
        return found

    def _report(self, found: Import) -> None:
        sums = totals(found)
        worth = [f"{money_text(minor, code)} {code}" for code, minor in sorted(money(found).items())]
        came = ", ".join([*worth, f"{sums['points']:,} points"])
        became = f"{sums['new']:,} new, {sums['known']:,} known, {sums['refused']:,} refused"
        self.stdout.write(f"{sums['size']:,} rows: {became}; {came}.")
        told = list(islice(problems(found), SHOWN))
        for problem in told:
            self.stdout.write(f"Line {problem['line']}: {problem['message']}")
        if sums["refused"] > len(told):
            rest = f"… and {sums['refused'] - len(told):,} more"
            self.stdout.write(f"{rest}; all are in the report (CSV) on the page of this import in the dashboard.")


def _bar(found: Import) -> "tqdm[NoReturn]":
    """On the error stream, and only if that is a terminal: the output is for whoever reads it on."""
    sums = totals(found)
    return tqdm(
        desc=DOING.get(State(found.state)),
        total=sums["size"],
        initial=sums["settled"],
        unit=" rows",
        disable=None if found.is_busy else True,
    )


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise CommandError(f"{text!r} is not the id of an import.") from error
