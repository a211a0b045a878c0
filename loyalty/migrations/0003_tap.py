from pathlib import Path

import django.contrib.postgres.fields
import django.db.models.deletion
import loyalty.kernel.ids
from django.db import migrations, models

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('loyalty', '0002_functions'),
    ]

    operations = [
        migrations.CreateModel(
            name='TapProgramme',
            fields=[
                ('id', models.UUIDField(default=loyalty.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('key', models.SlugField(db_index=False, max_length=64)),
                ('title', models.CharField(max_length=200)),
                ('status', models.CharField(choices=[('active', 'Active'), ('paused', 'Paused'), ('archived', 'Archived')], default='paused', max_length=10)),
                ('per_tap', models.BigIntegerField(default=1)),
                ('energy', models.PositiveIntegerField()),
                ('refill_seconds', models.PositiveIntegerField()),
                ('per_second', models.PositiveSmallIntegerField(default=10)),
                ('per_day', models.BigIntegerField(null=True)),
                ('segment_keys', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), blank=True, default=list, size=None)),
                ('business', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.business')),
                ('pays', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.metric')),
            ],
        ),
        migrations.CreateModel(
            name='TapMeter',
            fields=[
                ('id', models.UUIDField(default=loyalty.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('energy', models.PositiveIntegerField()),
                ('energy_at', models.DateTimeField()),
                ('pace', models.PositiveIntegerField()),
                ('pace_at', models.DateTimeField()),
                ('day', models.DateField()),
                ('today', models.BigIntegerField(default=0)),
                ('taps', models.BigIntegerField(default=0)),
                ('earned', models.DecimalField(decimal_places=0, default=0, max_digits=30)),
                ('account', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.account')),
                ('business', models.ForeignKey(db_constraint=False, db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.business')),
                ('programme', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.tapprogramme')),
            ],
        ),
        migrations.AddConstraint(
            model_name='tapprogramme',
            constraint=models.UniqueConstraint(fields=('business', 'key'), name='one_tap_programme_per_key'),
        ),
        migrations.AddConstraint(
            model_name='tapprogramme',
            constraint=models.UniqueConstraint(fields=('id', 'business'), name='tap_programme_with_its_business'),
        ),
        migrations.AddConstraint(
            model_name='tapprogramme',
            constraint=models.CheckConstraint(condition=models.Q(('energy__range', (1, 100000)), ('per_second__range', (1, 50)), ('per_tap__range', (1, 1000000000000)), ('refill_seconds__range', (1, 86400))), name='tap_programme_in_range'),
        ),
        migrations.AddConstraint(
            model_name='tapprogramme',
            constraint=models.CheckConstraint(condition=models.Q(('per_day', None), ('per_day__range', (models.F('per_tap'), 9007199254740991)), _connector='OR'), name='a_day_has_room_for_a_tap'),
        ),
        migrations.AddIndex(
            model_name='tapmeter',
            index=models.Index(fields=['programme', 'account'], name='meters_of_tap_programme'),
        ),
        migrations.AddConstraint(
            model_name='tapmeter',
            constraint=models.UniqueConstraint(fields=('account', 'programme'), name='one_tap_meter_per_person_and_programme'),
        ),
        migrations.AddConstraint(
            model_name='tapmeter',
            constraint=models.CheckConstraint(condition=models.Q(('earned__gte', 0), ('taps__gte', 0), ('today__gte', 0)), name='tap_meters_are_not_negative'),
        ),
        migrations.RunSQL((SQL / "tap.sql").read_text(encoding="utf-8"), (SQL / "tap_drop.sql").read_text(encoding="utf-8")),
    ]
