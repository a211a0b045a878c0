import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.demo.shop.server import Server
from config.demo.shop.shop import Shop


class Command(BaseCommand):
    help = "Serve the demo's shop: a merchant's own program, which knows Laurel by HTTP only."
    requires_system_checks = []  # nothing of Django's is served here

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8001)

    def handle(self, *args: Any, **options: Any) -> None:
        host = os.environ.get("HOST") or "127.0.0.1"
        try:
            server = Server(host, options["port"], Shop.open(settings.DATA_DIR))
        except FileNotFoundError as error:
            raise CommandError("There is no demo yet: run manage.py seed_demo first.") from error
        except OSError as error:
            raise CommandError(f"Cannot listen on {host} port {options['port']}: {error.strerror}.") from error
        server.serve_forever()
