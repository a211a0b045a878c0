"""A key gets a successor, or dies: `python -m tests.chaos.rotate_key rotate|revoke KEY`. Prints the successor."""

import os
import sys

import django


def run(action: str, text: str) -> str:
    from loyalty.kernel import crypto  # noqa: PLC0415  # after the settings
    from loyalty.models import ApiKey  # noqa: PLC0415
    from loyalty.services import keys  # noqa: PLC0415

    key = ApiKey.objects.select_related("business").get(digest=crypto.digest(text))
    if action == "rotate":
        return keys.rotate(key=key)[1]
    keys.revoke(key=key)
    return ""


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    print(run(sys.argv[1], sys.argv[2]))
