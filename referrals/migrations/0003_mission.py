from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('referrals', '0002_functions'),
    ]

    operations = [
        migrations.AddField(
            model_name='conversion',
            name='mission_quest',
            field=models.SlugField(blank=True, db_index=False, max_length=64),
        ),
        migrations.AddField(
            model_name='conversion',
            name='mission_task',
            field=models.SlugField(blank=True, db_index=False, max_length=64),
        ),
        migrations.AddField(
            model_name='referralprogramme',
            name='mission_quest',
            field=models.SlugField(blank=True, db_index=False, max_length=64),
        ),
        migrations.AddField(
            model_name='referralprogramme',
            name='mission_task',
            field=models.SlugField(blank=True, db_index=False, max_length=64),
        ),
        migrations.AddIndex(
            model_name='conversion',
            index=models.Index(condition=models.Q(('due_at', None), ('reason', 'mission_open')), fields=['id'], name='conversions_with_open_mission'),
        ),
    ]
