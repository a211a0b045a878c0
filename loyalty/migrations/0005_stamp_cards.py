from pathlib import Path

import django.db.models.deletion
import loyalty.kernel.clock
import loyalty.kernel.ids
from django.db import migrations, models

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('loyalty', '0004_proof_files'),
    ]

    operations = [
        migrations.CreateModel(
            name='StampCard',
            fields=[
                ('id', models.UUIDField(default=loyalty.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('key', models.SlugField(db_index=False, max_length=64)),
                ('title', models.CharField(max_length=120)),
                ('status', models.CharField(choices=[('active', 'Active'), ('paused', 'Paused')], default='active', max_length=20)),
                ('slots', models.PositiveSmallIntegerField()),
                ('prefilled', models.PositiveSmallIntegerField(default=0)),
                ('cooldown_hours', models.PositiveSmallIntegerField(default=0)),
                ('stamp', models.JSONField()),
                ('rewards', models.JSONField(default=list)),
                ('version', models.PositiveIntegerField(default=1)),
                ('archived_at', models.DateTimeField(editable=False, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='StampReward',
            fields=[
                ('id', models.UUIDField(default=loyalty.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('stamp', models.PositiveIntegerField()),
                ('slot', models.PositiveSmallIntegerField()),
                ('refusal', models.CharField(blank=True, max_length=40)),
                ('created_at', models.DateTimeField(default=loyalty.kernel.clock.wall)),
            ],
        ),
        migrations.AddField(
            model_name='metric',
            name='is_stamps',
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddConstraint(
            model_name='metric',
            constraint=models.UniqueConstraint(fields=('id', 'business'), name='metric_with_its_business'),
        ),
        migrations.AddField(
            model_name='stampcard',
            name='business',
            field=models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.business'),
        ),
        migrations.AddField(
            model_name='stampcard',
            name='metric',
            field=models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='stamp_card', to='loyalty.metric'),
        ),
        migrations.AddField(
            model_name='stampreward',
            name='account',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.account'),
        ),
        migrations.AddField(
            model_name='stampreward',
            name='business',
            field=models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.business'),
        ),
        migrations.AddField(
            model_name='stampreward',
            name='card',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.stampcard'),
        ),
        migrations.AddConstraint(
            model_name='stampcard',
            constraint=models.UniqueConstraint(fields=('business', 'key'), name='one_stamp_card_per_key'),
        ),
        migrations.AddConstraint(
            model_name='stampcard',
            constraint=models.UniqueConstraint(fields=('id', 'business'), name='stamp_card_with_its_business'),
        ),
        migrations.AddConstraint(
            model_name='stampcard',
            constraint=models.CheckConstraint(condition=models.Q(('slots__gt', models.F('prefilled'))), name='a_new_card_has_free_slots'),
        ),
        migrations.AddIndex(
            model_name='stampreward',
            index=models.Index(fields=['card', 'created_at'], name='rewards_of_stamp_card'),
        ),
        migrations.AddConstraint(
            model_name='stampreward',
            constraint=models.UniqueConstraint(fields=('business', 'account', 'card', 'stamp'), name='a_stamp_brings_something_once'),
        ),
        migrations.RunSQL((SQL / "stamps.sql").read_text(encoding="utf-8"), (SQL / "stamps_drop.sql").read_text(encoding="utf-8")),
    ]
