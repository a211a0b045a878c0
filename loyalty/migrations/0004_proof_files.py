import django.db.models.deletion
import loyalty.kernel.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('loyalty', '0003_tap'),
    ]

    operations = [
        migrations.CreateModel(
            name='ProofFile',
            fields=[
                ('id', models.UUIDField(default=loyalty.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('image/jpeg', 'Jpeg'), ('image/png', 'Png'), ('image/webp', 'Webp'), ('application/pdf', 'Pdf')], max_length=20)),
                ('size', models.PositiveIntegerField()),
                ('content_sealed', models.BinaryField()),
                ('business', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.business')),
                ('submission', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='file', to='loyalty.submission')),
            ],
            options={
                'abstract': False,
            },
        ),
    ]
