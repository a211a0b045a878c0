from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('loyalty', '0013_points_that_live'),
    ]

    operations = [
        migrations.AddField(
            model_name='event',
            name='reply_to',
            field=models.CharField(max_length=2048, null=True),
        ),
    ]
