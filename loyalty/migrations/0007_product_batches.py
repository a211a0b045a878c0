from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('loyalty', '0006_memberships'),
    ]

    operations = [
        migrations.AlterField(
            model_name='batch',
            name='kind',
            field=models.CharField(choices=[('points', 'Points'), ('advocates', 'Advocates'), ('events', 'Events'), ('orders', 'Orders'), ('products', 'Products')], max_length=20),
        ),
        migrations.AddConstraint(
            model_name='batch',
            constraint=models.UniqueConstraint(fields=('id', 'business'), name='batch_with_its_business'),
        ),
    ]
