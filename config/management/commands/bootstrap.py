import json
from argparse import ArgumentParser, ArgumentTypeError
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from config import provisioning
from loyalty.kernel.errors import DomainError
from loyalty.services import businesses


def amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ArgumentTypeError(f"{text!r} is no amount, such as 250.00") from error


class Command(BaseCommand):
    help = "Make a business with its sandbox, its keys and a starter programme. Secrets are printed here only."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", required=True, help="what people call the business")
        parser.add_argument("--slug", required=True, help="its short name in addresses: a-z, 0-9 and hyphens")
        parser.add_argument("--plan", default="growth", choices=list(businesses.PLANS))
        parser.add_argument(
            "--allow-ip", action="append", default=[], metavar="CIDR", help="may use integration keys; repeatable"
        )
        parser.add_argument(
            "--allow-origin", action="append", default=[], metavar="URL", help="may frame the widget; repeatable"
        )
        parser.add_argument(
            "--fund", metavar="AMOUNT", type=amount, default=provisioning.FUND, help="deposit for gift cards"
        )
        parser.add_argument("--json", action="store_true", help="load the starter programme, print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = provisioning.provision(
                name=options["name"],
                slug=options["slug"],
                plan=options["plan"],
                allow_ips=options["allow_ip"],
                allow_origins=options["allow_origin"],
                with_programme=options["json"],
                fund=options["fund"],
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except DomainError as error:
            raise CommandError(error.message) from error
        if options["json"]:
            self.stdout.write(json.dumps(made.as_json()))
            return
        for name, value in made.as_json().items():
            self.stdout.write(f"{name:16} {value or '-'}")
