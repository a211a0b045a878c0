from django.db import migrations, models

import loyalty.kernel.clock


class Migration(migrations.Migration):

    dependencies = [
        ('loyalty', '0020_refunds'),
    ]

    operations = [
        migrations.AddField(
            model_name='event',
            name='reply_to',
            field=models.CharField(blank=True, db_default='', default='', max_length=2048),
        ),
        migrations.CreateModel(
            name='RedeliveredTask',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200)),
                ('arguments', models.JSONField(default=dict)),
                ('deliveries', models.PositiveSmallIntegerField()),
                ('first_at', models.DateTimeField(default=loyalty.kernel.clock.wall)),
                ('last_at', models.DateTimeField(default=loyalty.kernel.clock.wall)),
                ('quarantined_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': 'set-aside task',
                'indexes': [models.Index(fields=['last_at'], name='redelivered_by_age')],
            },
        ),
    ]
