import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('loyalty', '0011_inventory'),
    ]

    operations = [
        migrations.AddField(
            model_name='batch',
            name='reached',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(null=True), default=list, size=None),
        ),
    ]
