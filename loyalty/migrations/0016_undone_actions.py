from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('loyalty', '0010_earn_rules'),
    ]

    operations = [
        migrations.AddField(
            model_name='action',
            name='undone_at',
            field=models.DateTimeField(null=True),
        ),
    ]
