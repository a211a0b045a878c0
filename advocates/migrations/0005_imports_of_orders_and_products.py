from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("advocates", "0004_product_batches"),
    ]

    operations = [
        migrations.RenameField("import", "pays_signup", "pays"),
        migrations.RenameField("importpart", "joined", "new"),
        migrations.AddField("importpart", "money", models.JSONField(default=dict)),
        migrations.AddField("importpart", "made", models.JSONField(default=dict)),
        migrations.RemoveField("importpart", "people_batch_id"),
        migrations.RemoveField("importpart", "points_batch_id"),
    ]
