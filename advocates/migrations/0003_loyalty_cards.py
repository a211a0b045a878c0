from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('advocates', '0002_functions'),
        ('loyalty', '0002_functions'),
    ]

    operations = [
        migrations.AddField(
            model_name='advocate',
            name='card_hash',
            field=models.BinaryField(max_length=32, null=True),
        ),
        migrations.AddField(
            model_name='advocate',
            name='card_sealed',
            field=models.BinaryField(null=True),
        ),
        migrations.AddConstraint(
            model_name='advocate',
            constraint=models.UniqueConstraint(fields=('business', 'card_hash'), name='one_advocate_per_card'),
        ),
        migrations.AddConstraint(
            model_name='advocate',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('card_hash', None), ('card_sealed', None)), models.Q(('card_hash__isnull', False), ('card_sealed__isnull', False)), _connector='OR'), name='a_card_can_be_shown_and_found'),
        ),
    ]
