-- Nothing about gift cards names a row of another business.
ALTER TABLE rewards_gifttoken ADD CONSTRAINT gift_token_of_its_business
    FOREIGN KEY (account_id, business_id) REFERENCES rewards_giftaccount (id, business_id);
ALTER TABLE rewards_giftstock
    ADD CONSTRAINT gift_stock_product_of_its_business
        FOREIGN KEY (product_id, business_id) REFERENCES rewards_giftproduct (id, business_id),
    ADD CONSTRAINT gift_stock_pool_of_its_business
        FOREIGN KEY (pool_id, business_id) REFERENCES rewards_codepool (id, business_id);
ALTER TABLE rewards_giftorder ADD CONSTRAINT gift_order_account_of_its_business
    FOREIGN KEY (account_id, business_id) REFERENCES rewards_giftaccount (id, business_id);
ALTER TABLE rewards_giftline
    ADD CONSTRAINT gift_line_order_of_its_business
        FOREIGN KEY (order_id, business_id) REFERENCES rewards_giftorder (id, business_id),
    ADD CONSTRAINT gift_line_product_of_its_business
        FOREIGN KEY (product_id, business_id) REFERENCES rewards_giftproduct (id, business_id),
    ADD CONSTRAINT gift_line_shipping_of_its_business
        FOREIGN KEY (shipping_method_id, business_id) REFERENCES rewards_shippingmethod (id, business_id);
ALTER TABLE rewards_giftcard
    ADD CONSTRAINT gift_card_order_of_its_business
        FOREIGN KEY (order_id, business_id) REFERENCES rewards_giftorder (id, business_id),
    ADD CONSTRAINT gift_card_line_of_its_business
        FOREIGN KEY (line_id, business_id) REFERENCES rewards_giftline (id, business_id);
ALTER TABLE rewards_giftcarduse ADD CONSTRAINT gift_card_use_of_its_business
    FOREIGN KEY (card_id, business_id) REFERENCES rewards_giftcard (id, business_id);
ALTER TABLE rewards_code ADD CONSTRAINT code_card_of_its_business
    FOREIGN KEY (card_id, business_id) REFERENCES rewards_giftcard (id, business_id);

-- Postings are written once: a mistake is posted back, never edited.
CREATE FUNCTION laurel_gift_posting_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'postings of gift funds are append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER gift_postings_stay BEFORE UPDATE OR DELETE ON rewards_giftposting
    FOR EACH ROW EXECUTE FUNCTION laurel_gift_posting_stays();
