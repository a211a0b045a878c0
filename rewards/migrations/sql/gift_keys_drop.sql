DROP TRIGGER gift_postings_stay ON rewards_giftposting;
DROP FUNCTION laurel_gift_posting_stays();
ALTER TABLE rewards_code DROP CONSTRAINT code_card_of_its_business;
ALTER TABLE rewards_giftcarduse DROP CONSTRAINT gift_card_use_of_its_business;
ALTER TABLE rewards_giftcard DROP CONSTRAINT gift_card_order_of_its_business,
    DROP CONSTRAINT gift_card_line_of_its_business;
ALTER TABLE rewards_giftline DROP CONSTRAINT gift_line_order_of_its_business,
    DROP CONSTRAINT gift_line_product_of_its_business, DROP CONSTRAINT gift_line_shipping_of_its_business;
ALTER TABLE rewards_giftorder DROP CONSTRAINT gift_order_account_of_its_business;
ALTER TABLE rewards_giftstock DROP CONSTRAINT gift_stock_product_of_its_business,
    DROP CONSTRAINT gift_stock_pool_of_its_business;
ALTER TABLE rewards_gifttoken DROP CONSTRAINT gift_token_of_its_business;
