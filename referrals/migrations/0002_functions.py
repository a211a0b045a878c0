from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ("referrals", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL((SQL / "composite_keys.sql").read_text(encoding="utf-8"), (SQL / "composite_keys_drop.sql").read_text(encoding="utf-8")),
        migrations.RunSQL((SQL / "circles.sql").read_text(encoding="utf-8"), (SQL / "circles_drop.sql").read_text(encoding="utf-8")),
    ]
