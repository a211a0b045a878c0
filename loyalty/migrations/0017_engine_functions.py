from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / 'sql'


class Migration(migrations.Migration):

    dependencies = [
        ('loyalty', '0013_points_that_live'),
    ]

    operations = [
        migrations.RunSQL((SQL / 'awards.sql').read_text(), (SQL / 'awards_drop.sql').read_text()),
        migrations.RunSQL((SQL / 'completions.sql').read_text(), (SQL / 'completions_drop.sql').read_text()),
    ]
