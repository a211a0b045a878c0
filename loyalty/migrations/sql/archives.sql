-- What is archived counts no more: no points of an archived metric, nobody on an archived tier.

-- Locks an account. Its time is never before what already happened to it. Null when the business has no such account.
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
        LEFT JOIN loyalty_metric m ON m.business_id = a.business_id AND m.key = p_metric AND m.archived_at IS NULL
        WHERE a.id = p_account AND a.business_id = p_business
        FOR NO KEY UPDATE OF a;
    RETURN v_start;
END $$;

-- Moves a locked account to the tier that its lifetime has reached, unless an operator chose one. Answers its tier.
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
            AND archived_at IS NULL
            ORDER BY threshold DESC LIMIT 1) m ON true
        WHERE s.business_id = p_start.business_id AND s.is_tier AND s.archived_at IS NULL AND s.metric_id = p_metric;
    IF NOT FOUND OR v_tier IS NOT DISTINCT FROM p_start.tier_id THEN
        RETURN p_start.tier_id;
    END IF;
    UPDATE loyalty_account SET tier_id = v_tier WHERE id = p_start.account_id;
    PERFORM laurel_tell(p_start.business_id, p_start.account_id, 'customers/tier_changed',
        jsonb_build_object('oldTierId', p_start.tier_id, 'newTierId', v_tier), p_start.now);
    RETURN v_tier;
END $$;

-- What each account of a business has earned on its ladder, beside the tier that it is on.
CREATE FUNCTION laurel_earned_tiers(p_business uuid) RETURNS TABLE (account_id uuid, earned_id uuid)
LANGUAGE sql STABLE AS $$
    SELECT a.id, m.id
    FROM loyalty_account a
    LEFT JOIN loyalty_milestone held ON held.id = a.tier_id
    LEFT JOIN loyalty_milestoneset s ON s.business_id = a.business_id AND s.is_tier AND s.archived_at IS NULL
    LEFT JOIN loyalty_balance b ON b.account_id = a.id AND b.metric_id = s.metric_id
    LEFT JOIN LATERAL (SELECT id FROM loyalty_milestone
        WHERE set_id = s.id AND archived_at IS NULL AND threshold <= coalesce(b.lifetime_earned, 0)
        ORDER BY threshold DESC LIMIT 1) m ON true
    WHERE a.business_id = p_business AND a.status IN ('active', 'blocked') AND a.tier_id IS DISTINCT FROM m.id
        AND (NOT a.tier_is_manual OR held.archived_at IS NOT NULL)
$$;

-- Moves everyone to the tier that they have earned, after the ladder has changed. Answers how many moved.
CREATE FUNCTION laurel_settle_tiers(p_business uuid, p_wall timestamptz) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_account record;
    v_moved integer := 0;
BEGIN
    PERFORM FROM loyalty_account WHERE id IN (SELECT account_id FROM laurel_earned_tiers(p_business))
        ORDER BY id FOR NO KEY UPDATE;
    FOR v_account IN
        SELECT a.id, a.tier_id, t.earned_id, greatest(p_wall + b.clock_offset, a.last_event_at) AS now
        FROM laurel_earned_tiers(p_business) t
        JOIN loyalty_account a ON a.id = t.account_id
        JOIN loyalty_business b ON b.id = a.business_id
        ORDER BY a.id
    LOOP
        UPDATE loyalty_account SET tier_id = v_account.earned_id, tier_is_manual = false WHERE id = v_account.id;
        PERFORM laurel_tell(p_business, v_account.id, 'customers/tier_changed',
            jsonb_build_object('oldTierId', v_account.tier_id, 'newTierId', v_account.earned_id), v_account.now);
        v_moved := v_moved + 1;
    END LOOP;
    RETURN v_moved;
END $$;
