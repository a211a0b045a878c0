CREATE OR REPLACE FUNCTION laurel_lock(p_business uuid, p_account uuid, p_metric text, p_wall timestamptz) RETURNS laurel_start
LANGUAGE plpgsql AS $$
DECLARE
    v_start laurel_start;
BEGIN
    SELECT 'new', NULL, NULL, a.business_id, a.id, a.status, a.climbs_due_at,
            greatest(p_wall + b.clock_offset, a.last_event_at), b.timezone, m.id, m.minimum, m.maximum,
            CASE WHEN m.expiry_basis = 'lot' THEN make_interval(months => m.expiry_months, days => m.expiry_days) END
        INTO v_start
        FROM loyalty_account a
        JOIN loyalty_business b ON b.id = a.business_id
        LEFT JOIN loyalty_metric m ON m.business_id = a.business_id AND m.key = p_metric
        WHERE a.id = p_account AND a.business_id = p_business
        FOR NO KEY UPDATE OF a;
    IF v_start.climbs_due_at <= v_start.now AND v_start.status IN ('active', 'blocked') THEN
        PERFORM laurel_turn(v_start, p_wall);
    END IF;
    RETURN v_start;
END $$;
