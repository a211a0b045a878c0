import django.db.models.deletion
import loyalty.kernel.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('advocates', '0003_loyalty_cards'),
        ('loyalty', '0007_product_batches'),
    ]

    operations = [
        migrations.CreateModel(
            name='ProductBefore',
            fields=[
                ('id', models.UUIDField(default=loyalty.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('external_id', models.CharField(max_length=128)),
                ('before', models.JSONField(null=True)),
                ('written_at', models.DateTimeField()),
                ('batch', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.batch')),
                ('business', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.business')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('business', 'batch', 'external_id'), name='a_product_was_something_once')],
            },
        ),
        migrations.RunSQL(
            "ALTER TABLE advocates_productbefore ADD CONSTRAINT product_batch_of_its_business"
            " FOREIGN KEY (batch_id, business_id) REFERENCES loyalty_batch (id, business_id)",
            "ALTER TABLE advocates_productbefore DROP CONSTRAINT product_batch_of_its_business",
        ),
    ]
