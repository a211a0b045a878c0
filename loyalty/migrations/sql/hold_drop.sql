DROP FUNCTION laurel_post_all_accruals, laurel_post_accruals, laurel_due_accruals, laurel_accrue, laurel_pool, laurel_welcome,
    laurel_share_out, laurel_same_minutes, laurel_next_stakes, laurel_stakes, laurel_held;
DROP FUNCTION laurel_check_accruals, laurel_check_accrual CASCADE;
