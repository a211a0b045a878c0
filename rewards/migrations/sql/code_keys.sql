-- No reward names a pool, and no code its pool or redemption, of another business. A code is taken before its
-- redemption is written, so that one is asked for at the commit.
ALTER TABLE rewards_reward
    ADD CONSTRAINT reward_pool_of_its_business
        FOREIGN KEY (code_pool_id, business_id) REFERENCES rewards_codepool (id, business_id);
ALTER TABLE rewards_code
    ADD CONSTRAINT code_pool_of_its_business
        FOREIGN KEY (pool_id, business_id) REFERENCES rewards_codepool (id, business_id),
    ADD CONSTRAINT code_redemption_of_its_business
        FOREIGN KEY (redemption_id, business_id) REFERENCES rewards_redemption (id, business_id)
        DEFERRABLE INITIALLY DEFERRED;
