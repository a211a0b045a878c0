from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ("advocates", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL((SQL / "composite_key.sql").read_text(encoding="utf-8"), "ALTER TABLE advocates_advocate DROP CONSTRAINT advocate_of_its_business"),
        migrations.RunSQL((SQL / "voices.sql").read_text(encoding="utf-8"), (SQL / "voices_back.sql").read_text(encoding="utf-8")),
        migrations.RunSQL((SQL / "mappings.sql").read_text(encoding="utf-8"), (SQL / "mappings_drop.sql").read_text(encoding="utf-8")),
        migrations.RunSQL((SQL / "shop.sql").read_text(encoding="utf-8"), (SQL / "shop_back.sql").read_text(encoding="utf-8")),
        migrations.RunSQL( "ALTER TABLE advocates_productbefore ADD CONSTRAINT product_batch_of_its_business" " FOREIGN KEY (batch_id, business_id) REFERENCES loyalty_batch (id, business_id)", "ALTER TABLE advocates_productbefore DROP CONSTRAINT product_batch_of_its_business", ),
    ]
