-- No reward gives an item of another business.
ALTER TABLE rewards_reward ADD CONSTRAINT reward_item_of_its_business
    FOREIGN KEY (item_id, business_id) REFERENCES loyalty_inventoryitem (id, business_id);
