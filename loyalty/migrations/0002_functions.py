from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ("loyalty", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL((SQL / "ledger.sql").read_text(encoding="utf-8"), (SQL / "ledger_drop.sql").read_text(encoding="utf-8")),
        migrations.RunSQL((SQL / "busy_rows.sql").read_text(encoding="utf-8"), (SQL / "busy_rows_drop.sql").read_text(encoding="utf-8")),
        migrations.RunSQL((SQL / "quests.sql").read_text(encoding="utf-8"), (SQL / "quests_drop.sql").read_text(encoding="utf-8")),
        migrations.RunSQL((SQL / "merges.sql").read_text(encoding="utf-8"), (SQL / "merges_drop.sql").read_text(encoding="utf-8")),
        migrations.RunSQL((SQL / "batch.sql").read_text(encoding="utf-8"), (SQL / "batch_drop.sql").read_text(encoding="utf-8")),
        migrations.RunSQL((SQL / "engine_stamp.sql").read_text(encoding="utf-8"), (SQL / "engine_stamp_drop.sql").read_text(encoding="utf-8")),
        migrations.RunSQL((SQL / "earn_rules.sql").read_text(encoding="utf-8"), (SQL / "earn_rules_drop.sql").read_text(encoding="utf-8")),
        migrations.RunSQL((SQL / "inventory.sql").read_text(encoding="utf-8"), (SQL / "inventory_drop.sql").read_text(encoding="utf-8")),
        migrations.RunSQL((SQL / "milestones.sql").read_text(encoding="utf-8"), (SQL / "milestones_drop.sql").read_text(encoding="utf-8")),
        migrations.RunSQL((SQL / "expiry.sql").read_text(encoding="utf-8"), (SQL / "expiry_drop.sql").read_text(encoding="utf-8")),
        migrations.RunSQL((SQL / "awards.sql").read_text(), (SQL / "awards_drop.sql").read_text()),
        migrations.RunSQL((SQL / "completions.sql").read_text(), (SQL / "completions_drop.sql").read_text()),
        migrations.RunSQL((SQL / "refunds.sql").read_text(encoding="utf-8"), (SQL / "refunds_drop.sql").read_text(encoding="utf-8")),
        migrations.RunSQL((SQL / "hold.sql").read_text(encoding="utf-8"), (SQL / "hold_drop.sql").read_text(encoding="utf-8")),
        migrations.RunSQL((SQL / "tap.sql").read_text(encoding="utf-8"), (SQL / "tap_drop.sql").read_text(encoding="utf-8")),
        migrations.RunSQL((SQL / "stamps.sql").read_text(encoding="utf-8"), (SQL / "stamps_drop.sql").read_text(encoding="utf-8")),
        migrations.RunSQL((SQL / "memberships.sql").read_text(encoding="utf-8"), (SQL / "memberships_drop.sql").read_text(encoding="utf-8")),
    ]
