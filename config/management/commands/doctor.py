"""Says what is wrong with a set-up."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from config import diagnosis


class Command(BaseCommand):
    help = "Say what is wrong with this set-up, and what to do. The exit code is 1 if something is."
    requires_system_checks = []  # they are a part of the diagnosis

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--deploy", action="store_true", help="also what a server on the internet must fulfil")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = list(diagnosis.examine(deploy=options["deploy"]))
        for finding in findings:
            self.stdout.write(str(finding))
        if any(finding.problem for finding in findings):
            sys.exit(1)
