from pathlib import Path

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import loyalty.kernel.clock
import loyalty.kernel.ids
from django.db import migrations, models

SQL = Path(__file__).parent / 'sql'


class Migration(migrations.Migration):

    dependencies = [
        ('advocates', '0002_voices'),
        ('loyalty', '0006_people'),
    ]

    operations = [
        migrations.RunSQL(
            (SQL / 'grams.sql').read_text(encoding='utf-8'),
            'DROP FUNCTION laurel_all_grams(text[]); DROP FUNCTION laurel_grams(integer, text[])',
        ),
        migrations.RemoveIndex(model_name='advocate', name='advocates_by_trigram'),
        migrations.RemoveField(model_name='advocate', name='search_index'),
        migrations.AddField(
            model_name='advocate',
            name='search_index',
            field=models.GeneratedField(db_persist=True, expression=models.Func(models.F('name'), models.F('email'), models.F('external_id'), function='laurel_all_grams'), output_field=django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
        ),
        migrations.AddIndex(
            model_name='advocate',
            index=django.contrib.postgres.indexes.GinIndex(fields=['search_index'], name='advocates_by_trigram'),
        ),
        migrations.CreateModel(
            name='SsoMapping',
            fields=[
                ('id', models.UUIDField(default=loyalty.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('external_customer_id', models.CharField(max_length=128, validators=[django.core.validators.RegexValidator('^(?!\\s)[^/\\x00-\\x1f\\x7f]{1,128}(?<!\\s)\\Z', "Use 1 to 128 characters without '/', control characters or spaces at the ends.")])),
                ('external_email', models.CharField(blank=True, max_length=254)),
                ('external_name', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField(default=loyalty.kernel.clock.wall, editable=False)),
                ('advocate', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='advocates.advocate')),
                ('business', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.business')),
            ],
            options={
                'verbose_name': 'SSO mapping',
                'indexes': [models.Index(fields=['business', '-created_at', '-id'], name='sso_mappings_newest_first'), models.Index(fields=['business', 'advocate'], name='sso_mappings_of_advocate')],
                'constraints': [models.UniqueConstraint(fields=('business', 'external_customer_id'), name='one_mapping_per_external_id')],
            },
        ),
        migrations.RunSQL(
            (SQL / 'mappings.sql').read_text(encoding='utf-8'), (SQL / 'mappings_drop.sql').read_text(encoding='utf-8')
        ),
    ]
