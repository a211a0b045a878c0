from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('loyalty', '0021_replies_and_redelivered_tasks'),
        ('webhooks', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='delivery',
            name='url',
            field=models.CharField(blank=True, db_default='', default='', max_length=2048),
        ),
        migrations.AddField(
            model_name='endpoint',
            name='is_reply',
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddConstraint(
            model_name='endpoint',
            constraint=models.UniqueConstraint(condition=models.Q(('is_reply', True)), fields=('business', 'url'), name='one_reply_endpoint_per_server'),
        ),
    ]
