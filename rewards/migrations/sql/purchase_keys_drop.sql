ALTER TABLE rewards_giftpurchase DROP CONSTRAINT gift_purchase_card_of_its_business,
    DROP CONSTRAINT gift_purchase_product_of_its_business;
