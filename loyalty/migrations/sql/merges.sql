-- How points follow a person whose accounts were merged. Nothing in history changes: the lots that are open move by
-- pairs of `transfer` entries, of which each names the other one as its source. Callers lock the accounts first.

ALTER TABLE loyalty_merge
    ADD CONSTRAINT merge_from_its_business
        FOREIGN KEY (source_id, business_id) REFERENCES loyalty_account (id, business_id),
    ADD CONSTRAINT merge_into_its_business
        FOREIGN KEY (target_id, business_id) REFERENCES loyalty_account (id, business_id);

-- The merges that lead from an account to where its person is now, in order. None: it is still its own.
CREATE FUNCTION laurel_way_home(p_account uuid) RETURNS TABLE (merge_id uuid, target_id uuid, step integer)
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE way AS (
        SELECT m.id, m.target_id, 1 AS step FROM loyalty_merge m WHERE m.source_id = p_account AND m.undone_at IS NULL
        UNION ALL
        SELECT m.id, m.target_id, w.step + 1 FROM way w
        JOIN loyalty_merge m ON m.source_id = w.target_id AND m.undone_at IS NULL
    )
    SELECT * FROM way ORDER BY step
$$;

-- Takes points out of a locked account (a negative amount), or brings them in, and writes the entry. `p_ripe` of them
-- count for the balance, the others are pending. Lots are the caller's. False when the balance has no room for it,
-- which only counts where a limit is given.
CREATE FUNCTION laurel_transfer(
    p_start laurel_start, p_metric uuid, p_amount bigint, p_ripe bigint, p_id uuid, p_other uuid, p_reason jsonb,
    p_limit bigint, p_wall timestamptz
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_metric loyalty_metric;
    v_balance bigint;
BEGIN
    SELECT * INTO v_metric FROM loyalty_metric WHERE id = p_metric;
    INSERT INTO loyalty_balance
        (id, business_id, account_id, metric_id, amount, pending, lifetime_earned, lifetime_spent, floor, active_at)
        VALUES (laurel_uuid7(p_start.now), p_start.business_id, p_start.account_id, p_metric, 0, 0, 0, 0,
            least(v_metric.minimum, 0), p_start.now)
        ON CONFLICT (account_id, metric_id, business_id) DO NOTHING;
    UPDATE loyalty_balance SET amount = amount + p_ripe, pending = pending + p_amount - p_ripe,
        floor = least(floor, amount + p_ripe),
        active_at = CASE WHEN p_amount > 0 THEN p_start.now ELSE active_at END
        WHERE account_id = p_start.account_id AND metric_id = p_metric
            AND (p_limit IS NULL OR p_amount < 0 OR amount + pending + p_amount <= least(v_metric.maximum, p_limit))
        RETURNING amount INTO v_balance;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM laurel_enter(p_id, p_start.business_id, p_start.account_id, p_metric, v_metric.key, 'transfer', p_amount,
        v_balance, 'transfer', p_other::text, NULL, NULL, p_reason, NULL, '', 'points/adjusted',
        jsonb_build_object('action', 'merge', 'ripe', p_ripe), p_start.now, p_wall);
    RETURN true;
END $$;

-- Adds to an account's lifetime counts of a metric. Whoever is done with an account lets it climb.
CREATE FUNCTION laurel_add_lifetime(
    p_start laurel_start, p_metric uuid, p_earned bigint, p_spent bigint
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO loyalty_balance
        (id, business_id, account_id, metric_id, amount, pending, lifetime_earned, lifetime_spent, floor, active_at)
        SELECT laurel_uuid7(p_start.now), p_start.business_id, p_start.account_id, p_metric, 0, 0, p_earned, p_spent,
            least(m.minimum, 0), p_start.now
        FROM loyalty_metric m WHERE m.id = p_metric
        ON CONFLICT (account_id, metric_id, business_id) DO UPDATE SET
            lifetime_earned = loyalty_balance.lifetime_earned + p_earned,
            lifetime_spent = loyalty_balance.lifetime_spent + p_spent;
END $$;

-- Lets a locked account owe what another one owes, or a part of it. What it has pays for that at once, as far as it goes.
CREATE FUNCTION laurel_move_debt(
    p_from laurel_start, p_to laurel_start, p_metric uuid, p_amount bigint, p_reason jsonb, p_wall timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_in uuid := laurel_uuid7(p_from.now);
    v_out uuid := laurel_uuid7(p_to.now);
    v_paid bigint;
BEGIN
    SELECT least(p_amount, greatest(0, max(amount))) INTO v_paid FROM loyalty_balance
        WHERE account_id = p_to.account_id AND metric_id = p_metric;
    IF v_paid > 0 THEN
        PERFORM laurel_take_lots(p_to, p_metric, v_out, v_paid, NULL);
    END IF;
    PERFORM laurel_transfer(p_from, p_metric, p_amount, p_amount, v_in, v_out, p_reason, NULL, p_wall);
    PERFORM laurel_transfer(p_to, p_metric, -p_amount, -p_amount, v_out, v_in, p_reason, NULL, p_wall);
END $$;

-- Moves all debts, open lots and the lifetime counts of a merge's source to its target. Lots that expire and ripen at the same
-- moments become one. False when the target's balance has no room.
CREATE FUNCTION laurel_merge_points(p_merge uuid, p_limit bigint, p_wall timestamptz) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    v_merge loyalty_merge;
    v_from laurel_start;
    v_to laurel_start;
    v_debt record;
    v_lots record;
    v_lifetime record;
    v_out uuid;
    v_in uuid;
    v_ripe bigint;
    v_reason jsonb := jsonb_build_object('mergeId', p_merge);
BEGIN
    SELECT * INTO v_merge FROM loyalty_merge WHERE id = p_merge;
    v_from := laurel_lock(v_merge.business_id, v_merge.source_id, NULL, p_wall);
    v_to := laurel_lock(v_merge.business_id, v_merge.target_id, NULL, p_wall);
    PERFORM laurel_settle_lots(v_from, p_wall);
    PERFORM laurel_settle_lots(v_to, p_wall);
    FOR v_debt IN
        SELECT metric_id, -amount AS amount FROM loyalty_balance
        WHERE account_id = v_from.account_id AND amount < 0 ORDER BY metric_id
    LOOP
        PERFORM laurel_move_debt(v_from, v_to, v_debt.metric_id, v_debt.amount,
            jsonb_build_object('debtOfMerge', p_merge), p_wall);
    END LOOP;
    FOR v_lots IN
        SELECT l.metric_id, l.expires_at, l.ripens_at, sum(l.remaining)::bigint AS amount, array_agg(l.id) AS ids
        FROM loyalty_lot l WHERE l.account_id = v_from.account_id AND l.remaining > 0
        GROUP BY l.metric_id, l.expires_at, l.ripens_at ORDER BY l.metric_id, l.expires_at, l.ripens_at
    LOOP
        v_out := laurel_uuid7(v_from.now);
        v_in := laurel_uuid7(v_to.now);
        v_ripe := CASE WHEN v_lots.ripens_at IS NULL THEN v_lots.amount ELSE 0 END;
        INSERT INTO loyalty_lotuse (id, business_id, entry_id, lot_id, amount)
            SELECT laurel_uuid7(v_from.now), v_from.business_id, v_out, l.id, l.remaining
            FROM loyalty_lot l WHERE l.id = ANY (v_lots.ids);
        UPDATE loyalty_lot SET remaining = 0 WHERE id = ANY (v_lots.ids);
        PERFORM laurel_transfer(v_from, v_lots.metric_id, -v_lots.amount, -v_ripe, v_out, v_in, v_reason, NULL,
            p_wall);
        IF NOT laurel_transfer(v_to, v_lots.metric_id, v_lots.amount, v_ripe, v_in, v_out, v_reason, p_limit, p_wall)
        THEN
            RETURN false;
        END IF;
        INSERT INTO loyalty_lot
            (id, business_id, account_id, metric_id, entry_id, amount, remaining, expires_at, ripens_at)
            VALUES (v_in, v_to.business_id, v_to.account_id, v_lots.metric_id, v_in, v_lots.amount, v_lots.amount,
                v_lots.expires_at, v_lots.ripens_at);
        PERFORM laurel_pay_debt(v_to, v_lots.metric_id, v_in);
    END LOOP;
    FOR v_lifetime IN
        UPDATE loyalty_balance b SET lifetime_earned = 0, lifetime_spent = 0
        FROM (SELECT id, lifetime_earned AS earned, lifetime_spent AS spent FROM loyalty_balance
              WHERE account_id = v_from.account_id AND (lifetime_earned <> 0 OR lifetime_spent <> 0)) before
        WHERE b.id = before.id RETURNING b.metric_id, before.earned, before.spent
    LOOP
        INSERT INTO loyalty_movedlifetime AS held (id, business_id, merge_id, metric_id, earned, spent)
            VALUES (laurel_uuid7(v_to.now), v_to.business_id, p_merge, v_lifetime.metric_id, v_lifetime.earned,
                v_lifetime.spent)
            ON CONFLICT (merge_id, metric_id) DO UPDATE SET
                earned = held.earned + excluded.earned, spent = held.spent + excluded.spent;
        PERFORM laurel_add_lifetime(v_to, v_lifetime.metric_id, v_lifetime.earned, v_lifetime.spent);
    END LOOP;
    PERFORM laurel_settle(v_to.business_id, v_to.account_id, p_wall);
    RETURN true;
END $$;

-- How much of what a transfer took may come back to each lot: in the first turn what nobody has taken back since, by
-- reversing the earning; in the second the rest, which is only needed where spent points were given back meanwhile.
CREATE FUNCTION laurel_shares(p_taken_by uuid) RETURNS TABLE (lot_id uuid, share bigint, turn integer)
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE inside AS (
        SELECT u.lot_id AS part_id, u.lot_id FROM loyalty_lotuse u WHERE u.entry_id = p_taken_by
        UNION
        SELECT i.part_id, u.lot_id FROM inside i
        JOIN loyalty_ledgerentry e ON e.id = i.lot_id AND e.type = 'transfer'
        JOIN loyalty_lotuse u ON u.entry_id = e.source_id::uuid
    ), undone AS (
        SELECT i.part_id, -sum(r.amount) AS amount FROM inside i
        JOIN loyalty_ledgerentry e ON e.id = i.lot_id JOIN loyalty_ledgerentry r ON r.reverses_id = e.id GROUP BY 1
    ), kept AS (
        SELECT u.lot_id, u.amount, greatest(0, u.amount - coalesce(d.amount, 0))::bigint AS first
        FROM loyalty_lotuse u LEFT JOIN undone d ON d.part_id = u.lot_id WHERE u.entry_id = p_taken_by
    )
    SELECT lot_id, first, 1 FROM kept UNION ALL SELECT lot_id, amount - first, 2 FROM kept
$$;

-- Writes down that points which a merge brought have ripened where they are now, so that undoing it takes them away in the
-- lifetime counts, too; and so for every merge that they came by before.
CREATE FUNCTION laurel_note_ripening(p_lot uuid, p_amount bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_entry loyalty_ledgerentry;
BEGIN
    SELECT * INTO v_entry FROM loyalty_ledgerentry WHERE id = p_lot AND type = 'transfer';
    IF v_entry.id IS NOT NULL THEN
        INSERT INTO loyalty_movedlifetime AS held (id, business_id, merge_id, metric_id, earned, spent)
            VALUES (laurel_uuid7(v_entry.occurred_at), v_entry.business_id, (v_entry.reason ->> 'mergeId')::uuid,
                v_entry.metric_id, p_amount, 0)
            ON CONFLICT (merge_id, metric_id) DO UPDATE SET earned = held.earned + excluded.earned;
        PERFORM laurel_note_ripening(lot_id, share) FROM laurel_shares(v_entry.source_id::uuid)
            WHERE turn = 1 AND share > 0;
    END IF;
END $$;

-- Moves what is left of a merge's lots back into the lots that they came from, what nobody has paid yet of the debts that
-- it brought, and the lifetime counts as well.
CREATE FUNCTION laurel_unmerge_points(p_merge uuid, p_wall timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_merge loyalty_merge;
    v_from laurel_start;
    v_to laurel_start;
    v_debt record;
    v_lot record;
    v_lifetime record;
    v_out uuid;
    v_in uuid;
    v_ripe bigint;
    v_reason jsonb := jsonb_build_object('undoneMergeId', p_merge);
BEGIN
    SELECT * INTO v_merge FROM loyalty_merge WHERE id = p_merge;
    v_from := laurel_lock(v_merge.business_id, v_merge.target_id, NULL, p_wall);
    v_to := laurel_lock(v_merge.business_id, v_merge.source_id, NULL, p_wall);
    PERFORM laurel_settle_lots(v_from, p_wall);
    FOR v_lot IN
        SELECT l.*, e.source_id::uuid AS taken_by FROM loyalty_ledgerentry e JOIN loyalty_lot l ON l.entry_id = e.id
        WHERE e.account_id = v_from.account_id AND e.type = 'transfer' AND e.amount > 0
            AND e.reason ->> 'mergeId' = p_merge::text AND l.remaining > 0
        ORDER BY e.sequence
    LOOP
        v_out := laurel_uuid7(v_from.now);
        v_in := laurel_uuid7(v_to.now);
        v_ripe := CASE WHEN v_lot.ripens_at IS NULL THEN v_lot.remaining ELSE 0 END;
        INSERT INTO loyalty_lotuse (id, business_id, entry_id, lot_id, amount)
            VALUES (laurel_uuid7(v_from.now), v_from.business_id, v_out, v_lot.id, v_lot.remaining);
        UPDATE loyalty_lot SET remaining = 0 WHERE id = v_lot.id;
        PERFORM laurel_transfer(v_from, v_lot.metric_id, -v_lot.remaining, -v_ripe, v_out, v_in, v_reason, NULL,
            p_wall);
        PERFORM laurel_transfer(v_to, v_lot.metric_id, v_lot.remaining, v_ripe, v_in, v_out, v_reason, NULL, p_wall);
        UPDATE loyalty_lot l SET remaining = l.remaining + s.share, ripens_at = v_lot.ripens_at,
            expires_at = v_lot.expires_at, notice_days = v_lot.notice_days
            FROM (SELECT lot_id, sum(least(share, v_lot.remaining - before))::bigint AS share
                  FROM (SELECT lot_id, share, sum(share) OVER (ORDER BY turn, lot_id) - share AS before
                        FROM laurel_shares(v_lot.taken_by)) shares
                  WHERE before < v_lot.remaining GROUP BY lot_id) s
            WHERE l.id = s.lot_id AND s.share > 0;
    END LOOP;
    FOR v_debt IN
        SELECT metric_id, least(-sum(e.amount), -min(b.amount))::bigint AS amount
        FROM loyalty_ledgerentry e JOIN loyalty_balance b USING (account_id, metric_id)
        WHERE e.account_id = v_from.account_id AND e.type = 'transfer' AND e.amount < 0
            AND e.reason ->> 'debtOfMerge' = p_merge::text AND b.amount < 0
        GROUP BY metric_id ORDER BY metric_id
    LOOP
        PERFORM laurel_move_debt(v_from, v_to, v_debt.metric_id, v_debt.amount,
            jsonb_build_object('debtOfMerge', p_merge), p_wall);
    END LOOP;
    FOR v_lifetime IN SELECT * FROM loyalty_movedlifetime WHERE merge_id = p_merge
    LOOP
        PERFORM laurel_add_lifetime(v_from, v_lifetime.metric_id, -v_lifetime.earned, -v_lifetime.spent);
        PERFORM laurel_add_lifetime(v_to, v_lifetime.metric_id, v_lifetime.earned, v_lifetime.spent);
    END LOOP;
END $$;

-- Brings points back to the lot of an earning entry whose account was merged, so that it can be taken again there:
-- out of the lot that it went into, and if that is spent out of the next to expire. False: there are not so many.
CREATE FUNCTION laurel_bring_back(p_entry loyalty_ledgerentry, p_home uuid, p_wall timestamptz) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    v_from laurel_start := laurel_lock(p_entry.business_id, p_home, NULL, p_wall);
    v_to laurel_start := laurel_lock(p_entry.business_id, p_entry.account_id, NULL, p_wall);
    v_now_in loyalty_lot;
    v_ripe bigint := p_entry.amount;
    v_out uuid := laurel_uuid7(v_from.now);
    v_in uuid := laurel_uuid7(v_to.now);
    v_reason jsonb := jsonb_build_object('broughtBackFor', p_entry.id);
BEGIN
    PERFORM laurel_settle_lots(v_from, p_wall);
    WITH RECURSIVE way AS (
        SELECT id FROM loyalty_lot WHERE entry_id = p_entry.id
        UNION ALL
        SELECT e.source_id::uuid FROM way w
        JOIN loyalty_lotuse u ON u.lot_id = w.id
        JOIN loyalty_ledgerentry e ON e.id = u.entry_id AND e.type = 'transfer' AND e.reason ? 'mergeId'
    )
    SELECT l.* INTO v_now_in FROM way JOIN loyalty_lot l ON l.id = way.id AND l.account_id = p_home
        ORDER BY (l.remaining > 0) DESC, l.id DESC LIMIT 1;
    IF v_now_in.remaining >= p_entry.amount AND v_now_in.ripens_at IS NOT NULL THEN
        v_ripe := 0;
        UPDATE loyalty_lot SET remaining = remaining - p_entry.amount WHERE id = v_now_in.id;
        INSERT INTO loyalty_lotuse (id, business_id, entry_id, lot_id, amount)
            VALUES (laurel_uuid7(v_from.now), v_from.business_id, v_out, v_now_in.id, p_entry.amount);
    ELSIF EXISTS (SELECT FROM loyalty_balance WHERE account_id = p_home AND metric_id = p_entry.metric_id
                  AND amount - p_entry.amount >= greatest(floor, 0)) THEN
        PERFORM laurel_take_lots(v_from, p_entry.metric_id, v_out, p_entry.amount, v_now_in.entry_id);
    ELSE
        RETURN false;
    END IF;
    PERFORM laurel_transfer(v_from, p_entry.metric_id, -p_entry.amount, -v_ripe, v_out, v_in, v_reason, NULL, p_wall);
    PERFORM laurel_transfer(v_to, p_entry.metric_id, p_entry.amount, v_ripe, v_in, v_out, v_reason, NULL, p_wall);
    UPDATE loyalty_lot SET remaining = amount, ripens_at = CASE WHEN v_ripe = 0 THEN v_now_in.ripens_at END
        WHERE entry_id = p_entry.id;
    RETURN true;
END $$;

-- Undoes an entry wherever its person is by now: what comes back to a merged account goes on to the one that took over,
-- and what has to be taken again is fetched from there.
CREATE FUNCTION laurel_reverse(
    p_business uuid, p_entry uuid, p_reason jsonb, p_description text, p_facts jsonb, p_wall timestamptz
) RETURNS laurel_posting LANGUAGE plpgsql AS $$
DECLARE
    v_original loyalty_ledgerentry;
    v_way uuid[];
    v_locked uuid[];
    v_posting laurel_posting;
    v_balance bigint;
BEGIN
    SELECT * INTO v_original FROM loyalty_ledgerentry WHERE id = p_entry AND business_id = p_business;
    IF v_original.type = 'transfer' THEN
        RETURN laurel_refusal('is_transfer', NULL);
    END IF;
    SELECT array_agg(target_id ORDER BY step) INTO v_way FROM laurel_way_home(v_original.account_id);
    IF v_way IS NULL THEN
        RETURN laurel_reverse_in_place(p_business, p_entry, p_reason, p_description, p_facts, p_wall);
    END IF;
    LOOP  -- until nobody changed the way while we waited
        PERFORM FROM loyalty_account WHERE id = ANY (v_way || v_original.account_id) ORDER BY id FOR NO KEY UPDATE;
        v_locked := v_way;
        SELECT array_agg(target_id ORDER BY step) INTO v_way FROM laurel_way_home(v_original.account_id);
        EXIT WHEN v_way IS NOT DISTINCT FROM v_locked;
    END LOOP;

    IF v_original.amount > 0 AND NOT EXISTS (SELECT FROM loyalty_ledgerentry WHERE reverses_id = p_entry)
        AND v_original.type <> 'reverse' AND v_way IS NOT NULL
        AND NOT laurel_bring_back(v_original, v_way[array_upper(v_way, 1)], p_wall)
    THEN
        SELECT amount INTO v_balance FROM loyalty_balance
            WHERE account_id = v_way[array_upper(v_way, 1)] AND metric_id = v_original.metric_id;
        RETURN laurel_refusal('insufficient', jsonb_build_object(
            'outcome', 'insufficient', 'balance', coalesce(v_balance, 0), 'needed', v_original.amount));
    END IF;
    v_posting := laurel_reverse_in_place(p_business, p_entry, p_reason, p_description, p_facts, p_wall);
    IF v_posting.id IS NOT NULL THEN
        PERFORM laurel_merge_points(merge_id, NULL, p_wall) FROM laurel_way_home(v_original.account_id);
        PERFORM laurel_climb_everywhere(p_business, v_way[array_upper(v_way, 1)], p_wall);
    END IF;
    RETURN v_posting;
END $$;

-- Everyone starts with a balance of points, so that lists can be ordered by it.
CREATE FUNCTION laurel_start_with_points() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO loyalty_balance
        (id, business_id, account_id, metric_id, amount, pending, lifetime_earned, lifetime_spent, floor, active_at)
        SELECT laurel_uuid7(a.created_at), a.business_id, a.id, m.id, 0, 0, 0, 0, least(m.minimum, 0), a.created_at
        FROM opened a JOIN loyalty_metric m ON m.business_id = a.business_id AND m.key = 'points'
        ON CONFLICT (account_id, metric_id, business_id) DO NOTHING;
    RETURN NULL;
END $$;

CREATE TRIGGER everyone_starts_with_points AFTER INSERT ON loyalty_account
    REFERENCING NEW TABLE AS opened FOR EACH STATEMENT EXECUTE FUNCTION laurel_start_with_points();
