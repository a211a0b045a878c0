DROP FUNCTION laurel_post_all_accruals, laurel_post_accruals, laurel_accrue, laurel_pool, laurel_welcome, laurel_share_out,
    laurel_same_minutes, laurel_next_stakes, laurel_stakes, laurel_held;
ALTER TABLE loyalty_holdaccrual
    DROP CONSTRAINT accrual_programme_of_its_business, DROP CONSTRAINT accrual_person_of_its_business;
