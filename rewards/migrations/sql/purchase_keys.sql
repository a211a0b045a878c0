-- No purchase is for a card, or a product, of another business.
ALTER TABLE rewards_giftpurchase
    ADD CONSTRAINT gift_purchase_card_of_its_business
        FOREIGN KEY (card_id, business_id) REFERENCES rewards_giftcard (id, business_id),
    ADD CONSTRAINT gift_purchase_product_of_its_business
        FOREIGN KEY (product_id, business_id) REFERENCES rewards_giftproduct (id, business_id);
