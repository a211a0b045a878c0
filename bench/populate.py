"""Makes the business that the bench drives, in a process with Laurel's environment, and tells who is in it."""

import os
import sys

import django
import msgspec

from bench.world import Cast


def populate(people: int) -> Cast:
    """A business on the largest plan, with a key, tiers and people, who have a token each."""
    from django.db import transaction  # noqa: PLC0415  # after the settings

    from advocates.services import advocates  # noqa: PLC0415
    from config import provisioning  # noqa: PLC0415
    from loyalty.services import tokens  # noqa: PLC0415

    with transaction.atomic():
        made = provisioning.provision(name="Bench", slug="bench", plan="enterprise", allow_ips=["127.0.0.1"])
        names = [f"person-{number}" for number in range(people)]
        rows = [
            advocates.create(business=made.business, email=f"{name}@example.com", name=name, external_id=name)
            for name in names
        ]
    return Cast(
        business=made.business.pk,
        key=made.secret_key,
        integration_key=made.integration_key,
        accounts=[row.pk for row in rows],
        names=names,
        tokens=[tokens.issue(business=made.business, account_id=row.pk) for row in rows],
    )


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    sys.stdout.buffer.write(msgspec.json.encode(populate(int(sys.argv[1]))))
