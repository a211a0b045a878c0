from pathlib import Path

import django.contrib.postgres.fields
import django.db.models.deletion
import loyalty.kernel.clock
import loyalty.kernel.ids
from django.db import migrations, models

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('loyalty', '0005_stamp_cards'),
    ]

    operations = [
        migrations.CreateModel(
            name='Admission',
            fields=[
                ('id', models.UUIDField(default=loyalty.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('refusal', models.CharField(blank=True, max_length=40)),
                ('created_at', models.DateTimeField(default=loyalty.kernel.clock.wall)),
            ],
        ),
        migrations.AddField(
            model_name='segment',
            name='benefits',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='segment',
            name='days',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='segment',
            name='is_membership',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='segment',
            name='months',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='segment',
            name='multiplier_bottom',
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='segment',
            name='multiplier_top',
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='segment',
            name='perks',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), default=list, size=None),
        ),
        migrations.AddField(
            model_name='segmentmember',
            name='ends_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='segmentmember',
            name='joined_at',
            field=models.DateTimeField(default=loyalty.kernel.clock.wall),
        ),
        migrations.AddField(
            model_name='segmentmember',
            name='source',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddIndex(
            model_name='segmentmember',
            index=models.Index(condition=models.Q(('ends_at__isnull', False)), fields=['ends_at'], name='members_by_end'),
        ),
        migrations.AddConstraint(
            model_name='segment',
            constraint=models.UniqueConstraint(fields=('id', 'business'), name='segment_with_its_business'),
        ),
        migrations.AddConstraint(
            model_name='segment',
            constraint=models.CheckConstraint(condition=models.Q(('multiplier_bottom__gt', 0), ('multiplier_top__gt', 0)), name='a_membership_multiplies'),
        ),
        migrations.AddField(
            model_name='admission',
            name='account',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.account'),
        ),
        migrations.AddField(
            model_name='admission',
            name='business',
            field=models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.business'),
        ),
        migrations.AddField(
            model_name='admission',
            name='segment',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.segment'),
        ),
        migrations.AddConstraint(
            model_name='admission',
            constraint=models.UniqueConstraint(fields=('business', 'account', 'segment'), name='one_admission_per_membership'),
        ),
        migrations.RunSQL((SQL / "memberships.sql").read_text(encoding="utf-8"), (SQL / "memberships_drop.sql").read_text(encoding="utf-8")),
    ]
