ALTER TABLE referrals_referralcode DROP CONSTRAINT referral_code_of_its_business;
ALTER TABLE referrals_click DROP CONSTRAINT click_of_its_business;
ALTER TABLE referrals_referral
    DROP CONSTRAINT referral_of_its_business, DROP CONSTRAINT referred_friend_of_its_business;
ALTER TABLE referrals_conversion
    DROP CONSTRAINT conversion_of_its_business, DROP CONSTRAINT conversion_referrer_of_its_business,
    DROP CONSTRAINT conversion_friend_of_its_business;
