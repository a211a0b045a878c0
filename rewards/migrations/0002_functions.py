from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ("rewards", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL((SQL / "composite_keys.sql").read_text(encoding="utf-8"), "ALTER TABLE rewards_redemption DROP CONSTRAINT redemption_reward_of_its_business," " DROP CONSTRAINT redemption_person_of_its_business"),
        migrations.RunSQL((SQL / "code_keys.sql").read_text(encoding="utf-8"), "ALTER TABLE rewards_reward DROP CONSTRAINT reward_pool_of_its_business;" " ALTER TABLE rewards_code DROP CONSTRAINT code_pool_of_its_business," " DROP CONSTRAINT code_redemption_of_its_business"),
        migrations.RunSQL((SQL / "item_keys.sql").read_text(encoding="utf-8"), "ALTER TABLE rewards_reward DROP CONSTRAINT reward_item_of_its_business"),
        migrations.RunSQL((SQL / "gift_keys.sql").read_text(encoding="utf-8"), (SQL / "gift_keys_drop.sql").read_text(encoding="utf-8")),
        migrations.RunSQL((SQL / "promise_keys.sql").read_text(encoding="utf-8"), (SQL / "promise_keys_drop.sql").read_text(encoding="utf-8")),
        migrations.RunSQL((SQL / "purchase_keys.sql").read_text(encoding="utf-8"), (SQL / "purchase_keys_drop.sql").read_text(encoding="utf-8")),
        migrations.RunSQL( (SQL / "message_keys.sql").read_text(encoding="utf-8"), "ALTER TABLE rewards_giftmessage DROP CONSTRAINT gift_message_card_of_its_business", ),
        migrations.RunSQL((SQL / "redemptions.sql").read_text(encoding="utf-8"), "DROP FUNCTION laurel_redeem, laurel_place_redemption"),
        migrations.RunSQL((SQL / "upload_keys.sql").read_text(encoding="utf-8"), "ALTER TABLE rewards_giftupload DROP CONSTRAINT gift_upload_order_of_its_business"),
    ]
