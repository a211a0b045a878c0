-- Lets what is due of a locked account ripen, then expire. Answers how many lots it settled. `p_warns`: not where the
-- moment is over. A warning is worth nothing then, and what was overlooked waits for one that is worth something.
CREATE OR REPLACE FUNCTION laurel_settle_lots(p_start laurel_start, p_wall timestamptz, p_warns boolean DEFAULT true)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_settled integer := laurel_ripen_lots(p_start);
BEGIN
    IF EXISTS (SELECT FROM loyalty_lot WHERE account_id = p_start.account_id AND remaining > 0 AND ripens_at IS NULL
               AND expires_at <= p_start.now) THEN
        IF p_warns THEN
            PERFORM laurel_warn(p_start);
        END IF;
        v_settled := v_settled + laurel_expire(ARRAY[p_start], p_wall);
    END IF;
    RETURN v_settled + laurel_settle_silence(p_start, p_warns, p_wall);
END $$;
DROP FUNCTION laurel_post_all_accruals, laurel_post_accruals, laurel_accrue, laurel_pool, laurel_welcome, laurel_share_out,
    laurel_same_minutes, laurel_next_stakes, laurel_stakes, laurel_held;
ALTER TABLE loyalty_holdaccrual
    DROP CONSTRAINT accrual_programme_of_its_business, DROP CONSTRAINT accrual_person_of_its_business;
