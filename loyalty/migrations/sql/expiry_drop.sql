ALTER TABLE loyalty_withheldbenefit DROP CONSTRAINT withheld_of_its_business;
DROP FUNCTION laurel_settle_accounts, laurel_settle_silence, laurel_expire, laurel_expire_lots, laurel_warn,
    laurel_tell_expiry, laurel_due_lots, laurel_waits, laurel_notice, laurel_end_of_day;
