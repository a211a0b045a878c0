-- How what an order earned is taken back: by reference to its own entry, a part at a time, and what happens where it is
-- spent already. Below zero nothing lies in lots, so whatever comes in then pays the debt first.

-- Takes out of a locked account's ripe lots what its balance does not cover. `p_entry` is what came in.
CREATE FUNCTION laurel_pay_debt(p_start laurel_start, p_metric uuid, p_entry uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_debt bigint;
BEGIN
    SELECT coalesce(sum(l.remaining), 0) - greatest(max(b.amount), 0) INTO v_debt
        FROM loyalty_balance b LEFT JOIN loyalty_lot l ON l.account_id = b.account_id AND l.metric_id = b.metric_id
            AND l.remaining > 0 AND l.ripens_at IS NULL
        WHERE b.account_id = p_start.account_id AND b.metric_id = p_metric;
    IF v_debt > 0 THEN
        PERFORM laurel_take_lots(p_start, p_metric, p_entry, v_debt, NULL);
    END IF;
END $$;

-- The lots in which the points of an entry lie: its own one, and those into which merges have moved it.
CREATE FUNCTION laurel_lots_of(p_entry uuid) RETURNS TABLE (lot_id uuid) LANGUAGE sql STABLE AS $$
    WITH RECURSIVE way AS (
        SELECT id FROM loyalty_lot WHERE entry_id = p_entry
        UNION
        SELECT e.source_id::uuid FROM way w
        JOIN loyalty_lotuse u ON u.lot_id = w.id
        JOIN loyalty_ledgerentry e ON e.id = u.entry_id AND e.type = 'transfer' AND e.reason ? 'mergeId'
    )
    SELECT id FROM way
$$;

-- How much of an entry can still be taken back: what has expired of it, or was taken before, is gone.
CREATE FUNCTION laurel_left_of(p_entry loyalty_ledgerentry) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN greatest(0, p_entry.amount
        + coalesce((SELECT sum(amount) FROM loyalty_ledgerentry WHERE reverses_id = p_entry.id), 0)
        - coalesce((SELECT sum(u.amount) FROM laurel_lots_of(p_entry.id) o
                    JOIN loyalty_lotuse u ON u.lot_id = o.lot_id
                    JOIN loyalty_ledgerentry e ON e.id = u.entry_id AND e.type = 'expire'), 0));
END $$;

-- Takes up to `p_amount` of what an entry gave: while it is pending there, else out of its own lot, then out of the next
-- to expire. `p_deficit`: pending_only takes nothing that is ripe, to_zero what is there, negative all of it.
CREATE FUNCTION laurel_take_back(
    p_business uuid, p_entry uuid, p_amount bigint, p_source_type text, p_source_id text, p_deficit text,
    p_reason jsonb, p_facts jsonb, p_wall timestamptz
) RETURNS laurel_posting LANGUAGE plpgsql AS $$
DECLARE
    v_entry loyalty_ledgerentry;
    v_metric text;
    v_start laurel_start;
    v_id uuid;
    v_home uuid;
    v_due bigint;
    v_pending bigint;
    v_ripe bigint;
    v_had bigint;
    v_balance bigint;
BEGIN
    SELECT * INTO v_entry FROM loyalty_ledgerentry WHERE id = p_entry AND business_id = p_business AND amount > 0;
    IF NOT FOUND THEN
        RETURN laurel_refusal('no_entry', NULL);
    END IF;
    SELECT key INTO v_metric FROM loyalty_metric WHERE id = v_entry.metric_id;
    SELECT target_id INTO v_home FROM laurel_way_home(v_entry.account_id) ORDER BY step DESC LIMIT 1;
    v_start := laurel_lock(p_business, coalesce(v_home, v_entry.account_id), v_metric, p_wall);
    IF laurel_is_posted(p_business, p_source_type, p_source_id, 'reverse') THEN
        RETURN laurel_refusal('posted_before', NULL);
    END IF;
    PERFORM laurel_settle_lots(v_start, p_wall);
    v_id := laurel_uuid7(v_start.now);
    v_due := least(p_amount, laurel_left_of(v_entry));
    v_pending := laurel_take_pending(v_start, v_entry, v_due);
    SELECT amount INTO v_had FROM loyalty_balance
        WHERE account_id = v_start.account_id AND metric_id = v_entry.metric_id;
    v_ripe := CASE p_deficit
        WHEN 'pending_only' THEN 0
        WHEN 'to_zero' THEN least(v_due - v_pending, greatest(0, v_had - greatest(v_start.minimum, 0)))
        ELSE v_due - v_pending
    END;
    IF v_pending + v_ripe = 0 THEN
        RETURN laurel_refusal('nothing_there', NULL);
    END IF;
    UPDATE loyalty_balance SET amount = amount - v_ripe, pending = pending - v_pending,
        lifetime_earned = greatest(0, lifetime_earned - v_ripe), floor = least(floor, amount - v_ripe)
        WHERE account_id = v_start.account_id AND metric_id = v_entry.metric_id
        RETURNING amount INTO v_balance;
    UPDATE loyalty_movedlifetime SET earned = earned - v_ripe  -- whoever undoes the merge finds it taken
        WHERE metric_id = v_entry.metric_id
            AND merge_id IN (SELECT merge_id FROM laurel_way_home(v_entry.account_id));
    IF least(v_ripe, v_had) > 0 THEN
        PERFORM laurel_take_lots(v_start, v_entry.metric_id, v_id, least(v_ripe, v_had), (
            SELECT l.entry_id FROM laurel_lots_of(p_entry) own JOIN loyalty_lot l ON l.id = own.lot_id
            WHERE l.account_id = v_start.account_id ORDER BY (l.remaining > 0) DESC, l.id DESC LIMIT 1));
    END IF;
    PERFORM laurel_climb(v_start, v_entry.metric_id);
    RETURN laurel_enter(v_id, p_business, v_start.account_id, v_entry.metric_id, v_metric, 'reverse',
        -v_pending - v_ripe, v_balance, p_source_type, p_source_id, v_entry.rule_id, v_entry.rule_version,
        p_reason || CASE WHEN v_pending + v_ripe < p_amount
            THEN jsonb_build_object('missing', p_amount - v_pending - v_ripe) ELSE '{}' END,
        p_entry, '', 'points/reversed', p_facts || jsonb_build_object('ripe', -v_ripe), v_start.now, p_wall);
END $$;

-- Takes what is pending of an entry in a locked account. Answers how much that was.
CREATE FUNCTION laurel_take_pending(p_start laurel_start, p_entry loyalty_ledgerentry, p_due bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_taken bigint;
BEGIN
    WITH unripe AS (
        SELECT l.id, l.remaining, sum(l.remaining) OVER (ORDER BY l.id) - l.remaining AS before
        FROM laurel_lots_of(p_entry.id) o JOIN loyalty_lot l ON l.id = o.lot_id
        WHERE l.account_id = p_start.account_id AND l.ripens_at IS NOT NULL AND l.remaining > 0
    ), taken AS (
        UPDATE loyalty_lot l SET remaining = l.remaining - least(u.remaining, p_due - u.before)
        FROM unripe u WHERE l.id = u.id AND u.before < p_due
        RETURNING least(u.remaining, p_due - u.before) AS amount
    )
    SELECT coalesce(sum(amount), 0) INTO v_taken FROM taken;
    RETURN v_taken;
END $$;

-- Takes back parts of many entries, in the order given; each is answered by itself, and may have a policy of its own.
CREATE FUNCTION laurel_take_all_back(p_business uuid, p_items jsonb, p_deficit text, p_wall timestamptz)
RETURNS SETOF laurel_posting LANGUAGE plpgsql AS $$
DECLARE
    v_item record;
BEGIN
    FOR v_item IN SELECT * FROM jsonb_to_recordset(p_items) AS (
        entry uuid, amount bigint, source_type text, source_id text, reason jsonb, facts jsonb, deficit text)
    LOOP
        RETURN NEXT laurel_take_back(p_business, v_item.entry, v_item.amount, v_item.source_type, v_item.source_id,
            coalesce(v_item.deficit, p_deficit), v_item.reason, v_item.facts, p_wall);
    END LOOP;
END $$;
