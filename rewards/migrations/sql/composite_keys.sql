-- No redemption takes a reward, or belongs to a person, of another business.
ALTER TABLE rewards_redemption
    ADD CONSTRAINT redemption_reward_of_its_business
        FOREIGN KEY (reward_id, business_id) REFERENCES rewards_reward (id, business_id),
    ADD CONSTRAINT redemption_person_of_its_business
        FOREIGN KEY (advocate_id, business_id) REFERENCES loyalty_account (id, business_id);
