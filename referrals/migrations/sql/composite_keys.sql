-- No code, click, referral or conversion crosses businesses.
ALTER TABLE referrals_referralcode
    ADD CONSTRAINT referral_code_of_its_business
        FOREIGN KEY (advocate_id, business_id) REFERENCES loyalty_account (id, business_id);
ALTER TABLE referrals_click
    ADD CONSTRAINT click_of_its_business
        FOREIGN KEY (code_id, business_id) REFERENCES referrals_referralcode (id, business_id);
ALTER TABLE referrals_referral
    ADD CONSTRAINT referral_of_its_business
        FOREIGN KEY (code_id, business_id) REFERENCES referrals_referralcode (id, business_id),
    ADD CONSTRAINT referred_friend_of_its_business
        FOREIGN KEY (friend_id, business_id) REFERENCES loyalty_account (id, business_id);
ALTER TABLE referrals_conversion
    ADD CONSTRAINT conversion_of_its_business
        FOREIGN KEY (code_id, business_id) REFERENCES referrals_referralcode (id, business_id),
    ADD CONSTRAINT conversion_referrer_of_its_business
        FOREIGN KEY (referrer_id, business_id) REFERENCES loyalty_account (id, business_id),
    ADD CONSTRAINT conversion_friend_of_its_business
        FOREIGN KEY (friend_id, business_id) REFERENCES loyalty_account (id, business_id);
