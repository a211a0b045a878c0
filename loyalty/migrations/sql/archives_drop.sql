DROP FUNCTION laurel_settle_tiers, laurel_earned_tiers;

CREATE OR REPLACE FUNCTION laurel_lock(p_business uuid, p_account uuid, p_metric text, p_wall timestamptz) RETURNS laurel_start
LANGUAGE plpgsql AS $$
DECLARE
    v_start laurel_start;
BEGIN
    SELECT 'new', NULL, NULL, a.business_id, a.id, a.status, a.tier_id, a.tier_is_manual,
            greatest(p_wall + b.clock_offset, a.last_event_at), b.timezone, m.id, m.minimum, m.maximum,
            CASE WHEN m.expiry_basis = 'lot' THEN make_interval(months => m.expiry_months, days => m.expiry_days) END
        INTO v_start
        FROM loyalty_account a
        JOIN loyalty_business b ON b.id = a.business_id
        LEFT JOIN loyalty_metric m ON m.business_id = a.business_id AND m.key = p_metric
        WHERE a.id = p_account AND a.business_id = p_business
        FOR NO KEY UPDATE OF a;
    RETURN v_start;
END $$;

CREATE OR REPLACE FUNCTION laurel_settle_tier(p_start laurel_start, p_metric uuid, p_lifetime bigint) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
    v_tier uuid;
BEGIN
    IF p_start.tier_is_manual THEN
        RETURN p_start.tier_id;
    END IF;
    SELECT m.id INTO v_tier
        FROM loyalty_milestoneset s
        LEFT JOIN LATERAL (SELECT id FROM loyalty_milestone WHERE set_id = s.id AND threshold <= p_lifetime
            ORDER BY threshold DESC LIMIT 1) m ON true
        WHERE s.business_id = p_start.business_id AND s.is_tier AND s.metric_id = p_metric;
    IF NOT FOUND OR v_tier IS NOT DISTINCT FROM p_start.tier_id THEN
        RETURN p_start.tier_id;
    END IF;
    UPDATE loyalty_account SET tier_id = v_tier WHERE id = p_start.account_id;
    PERFORM laurel_tell(p_start.business_id, p_start.account_id, 'customers/tier_changed',
        jsonb_build_object('oldTierId', p_start.tier_id, 'newTierId', v_tier), p_start.now);
    RETURN v_tier;
END $$;
