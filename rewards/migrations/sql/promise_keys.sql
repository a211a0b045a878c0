-- Nothing that the programme gives as a gift card names a row of another business.
ALTER TABLE rewards_reward ADD CONSTRAINT reward_gift_product_of_its_business
    FOREIGN KEY (gift_product_id, business_id) REFERENCES rewards_giftproduct (id, business_id);
ALTER TABLE rewards_giftorder ADD CONSTRAINT gift_order_person_of_its_business
    FOREIGN KEY (advocate_id, business_id) REFERENCES loyalty_account (id, business_id);
ALTER TABLE rewards_giftpromise
    ADD CONSTRAINT gift_promise_person_of_its_business
        FOREIGN KEY (advocate_id, business_id) REFERENCES loyalty_account (id, business_id),
    ADD CONSTRAINT gift_promise_product_of_its_business
        FOREIGN KEY (product_id, business_id) REFERENCES rewards_giftproduct (id, business_id);
