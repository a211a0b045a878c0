-- No upload leads to an order of another business.
ALTER TABLE rewards_giftupload ADD CONSTRAINT gift_upload_order_of_its_business
    FOREIGN KEY (order_id, business_id) REFERENCES rewards_giftorder (id, business_id);
