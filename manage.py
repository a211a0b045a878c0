#!/usr/bin/env python
"""Django's command line. With the LAUREL_DATA_DIR of a `make run`, it finds that run's servers."""

import os
import sys

from config import runtime


def main() -> None:
    runtime.load()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415  # after the environment
    from django.core.management import execute_from_command_line  # noqa: PLC0415  # after the environment

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"The settings are not complete: {error}. See .env.example, or start `make run` first.")


if __name__ == "__main__":
    main()
