from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from loyalty.models import Business
from loyalty.services import verification


class Command(BaseCommand):
    help = "Prove that balances, lots, entries, events and stock agree. Changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--business", help="the slug of one business; all of them without it")

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["business"]
        business = Business.objects.filter(slug=slug).first() if slug else None
        if slug and business is None:
            raise CommandError(f"There is no business with the slug {slug!r}.")
        findings = verification.verify(business)
        for finding in findings:
            self.stderr.write(f"{finding.check}: broken by {finding.offender} of business {finding.business_id}")
        if findings:
            raise CommandError(f"{len(findings)} findings. Nothing was changed.")
        self.stdout.write(f"{len(verification.CHECKS)} checks hold.")
