from pathlib import Path

import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

SQL = Path(__file__).parent / 'sql'


class Migration(migrations.Migration):

    dependencies = [
        ('loyalty', '0002_ledger_functions'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='event',
            name='one_event_per_position',
        ),
        migrations.RemoveIndex(
            model_name='idempotencyrecord',
            name='idempotency_by_age',
        ),
        migrations.RemoveIndex(
            model_name='lot',
            name='open_lots_by_expiry',
        ),
        migrations.AlterField(
            model_name='entrytext',
            name='business',
            field=models.ForeignKey(db_constraint=False, db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.business'),
        ),
        migrations.AlterField(
            model_name='event',
            name='account',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.account'),
        ),
        migrations.AlterField(
            model_name='event',
            name='business',
            field=models.ForeignKey(db_constraint=False, db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.business'),
        ),
        migrations.AlterField(
            model_name='eventbody',
            name='business',
            field=models.ForeignKey(db_constraint=False, db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.business'),
        ),
        migrations.AlterField(
            model_name='idempotencyrecord',
            name='business',
            field=models.ForeignKey(db_constraint=False, db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.business'),
        ),
        migrations.AlterField(
            model_name='ledgerentry',
            name='account',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.account'),
        ),
        migrations.AlterField(
            model_name='ledgerentry',
            name='business',
            field=models.ForeignKey(db_constraint=False, db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.business'),
        ),
        migrations.AlterField(
            model_name='ledgerentry',
            name='metric',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.metric'),
        ),
        migrations.AlterField(
            model_name='lot',
            name='account',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.account'),
        ),
        migrations.AlterField(
            model_name='lot',
            name='business',
            field=models.ForeignKey(db_constraint=False, db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.business'),
        ),
        migrations.AlterField(
            model_name='lot',
            name='metric',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.metric'),
        ),
        migrations.AlterField(
            model_name='lotuse',
            name='business',
            field=models.ForeignKey(db_constraint=False, db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.business'),
        ),
        migrations.AddIndex(
            model_name='idempotencyrecord',
            index=django.contrib.postgres.indexes.BrinIndex(fields=['created_at'], name='idempotency_by_age'),
        ),
        migrations.AddIndex(
            model_name='lot',
            index=models.Index(condition=models.Q(('expires_at__isnull', False), ('remaining__gt', 0)), fields=['expires_at'], name='open_lots_by_expiry'),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=models.UniqueConstraint(condition=models.Q(('position__isnull', False)), fields=('business', 'position'), name='one_event_per_position'),
        ),
        migrations.RunSQL(
            (SQL / 'busy_rows.sql').read_text(encoding='utf-8'), (SQL / 'busy_rows_drop.sql').read_text(encoding='utf-8')
        ),
    ]
