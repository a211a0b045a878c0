-- How points run out: on which day, after which warnings, and many accounts at a time. Callers lock the accounts first,
-- and say by `laurel_start` which moment it is for each: that of the period that ends, or now.
-- Nothing runs out unwarned where a metric warns: what was overlooked is warned of first, and kept till the end of the
-- next day. 32767 days of notice stand for none.

-- The midnight that ends the day of `p_from` in a zone, or the day that lies so much later. Null: never.
CREATE FUNCTION laurel_end_of_day(p_from timestamptz, p_after interval, p_zone text) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN p_after IS NOT NULL THEN least(
        ((((p_from AT TIME ZONE p_zone)::date + p_after)::date + 1)::timestamp AT TIME ZONE p_zone),
        timestamptz '9999-12-30 00:00+00')  -- the last that every reader of a date can read
    END
$$;

-- Of the days before which a metric warns, the fewest that have come. Null: none has.
CREATE FUNCTION laurel_notice(p_expires_at timestamptz, p_warn_days smallint[], p_zone text, p_now timestamptz)
RETURNS smallint LANGUAGE sql STABLE AS $$
    SELECT min(days) FROM unnest(p_warn_days) days
    WHERE ((p_expires_at AT TIME ZONE p_zone) - make_interval(days => days)) AT TIME ZONE p_zone <= p_now
$$;

-- Whether points of which nobody was told wait for the next midnight: they came for the same moment as others that were
-- told of, and there is a midnight before it. So whoever earns all day is told of it once more.
CREATE FUNCTION laurel_waits(p_lot loyalty_lot, p_zone text, p_now timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE SET enable_seqscan TO off AS $$
BEGIN
    RETURN EXISTS (SELECT FROM loyalty_lot told
            WHERE told.account_id = p_lot.account_id AND told.remaining > 0 AND told.metric_id = p_lot.metric_id
                AND told.expires_at = p_lot.expires_at AND told.notice_days < 32767)
        AND EXISTS (SELECT FROM loyalty_ledgerentry e, laurel_end_of_day(e.occurred_at, interval '0', p_zone) midnight
            WHERE e.id = p_lot.entry_id AND midnight > p_now AND midnight < p_lot.expires_at);
END $$;

-- The lots of an account whose day has come, and whether their holder was told of it where the metric warns. A plain
-- query, so that PostgreSQL unfolds it into its callers'.
CREATE FUNCTION laurel_due_lots(p_account uuid, p_now timestamptz)
RETURNS TABLE (id uuid, metric_id uuid, expires_at timestamptz, is_ripe boolean, is_told boolean)
LANGUAGE sql STABLE AS $$
    SELECT l.id, l.metric_id, l.expires_at, l.ripens_at IS NULL,
        m.warn_days = '{}' OR l.notice_days < 32767
    FROM loyalty_lot l JOIN loyalty_metric m ON m.id = l.metric_id
    WHERE l.account_id = p_account AND l.remaining > 0 AND l.expires_at <= p_now
$$;

-- Tells the holder of a locked account what will run out, and when.
CREATE FUNCTION laurel_tell_expiry(
    p_start laurel_start, p_metric uuid, p_key text, p_amount bigint, p_expires_at timestamptz, p_days smallint
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM laurel_tell(p_start.business_id, p_start.account_id, 'points/expiring', jsonb_build_object(
        'action', 'expiry', 'metric', p_key, 'amount', -p_amount, 'expiresAt', p_expires_at, 'warnDays', p_days,
        'balance', (SELECT amount FROM loyalty_balance
                    WHERE account_id = p_start.account_id AND metric_id = p_metric)), p_start.now);
END $$;

-- Warns of the lots of a locked account whose time has come for it: once for all that expire at the same moment, and
-- again of all of them when others have come for it since.
CREATE FUNCTION laurel_warn(p_start laurel_start) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_overlooked uuid[];
    v_group record;
    v_days smallint;
    v_tells boolean;
BEGIN
    WITH overlooked AS (
        UPDATE loyalty_lot l SET expires_at = laurel_end_of_day(p_start.now, interval '1 day', p_start.zone)
        FROM laurel_due_lots(p_start.account_id, p_start.now) due
        WHERE l.id = due.id AND NOT due.is_told
        RETURNING l.id
    )
    SELECT coalesce(array_agg(id), '{}') INTO v_overlooked FROM overlooked;
    FOR v_group IN
        SELECT l.metric_id, m.key, m.warn_days, l.expires_at, sum(l.remaining)::bigint AS amount,
            array_agg(l.id) AS ids, min(l.notice_days) AS notice, bool_or(l.id = ANY (v_overlooked)) AS was_overlooked,
            bool_or(l.notice_days = 32767) AS has_untold
        FROM loyalty_lot l JOIN loyalty_metric m ON m.id = l.metric_id
        WHERE l.account_id = p_start.account_id AND l.remaining > 0 AND m.warn_days <> '{}'
            AND l.expires_at > p_start.now
            AND l.expires_at <= p_start.now + make_interval(days => 2 + (SELECT max(d) FROM unnest(m.warn_days) d))
        GROUP BY l.metric_id, m.key, m.warn_days, l.expires_at
        ORDER BY l.expires_at, l.metric_id
    LOOP
        v_days := CASE WHEN v_group.was_overlooked THEN (SELECT min(d) FROM unnest(v_group.warn_days) d)
            ELSE laurel_notice(v_group.expires_at, v_group.warn_days, p_start.zone, p_start.now) END;
        v_tells := v_days < v_group.notice OR v_days IS NOT NULL AND v_group.has_untold AND EXISTS (
            SELECT FROM loyalty_lot l WHERE l.id = ANY (v_group.ids) AND l.notice_days = 32767
                AND (v_group.was_overlooked OR NOT laurel_waits(l, p_start.zone, p_start.now)));
        UPDATE loyalty_lot SET notice_days = least(v_days, v_group.notice)
            WHERE id = ANY (v_group.ids) AND notice_days > least(v_days, v_group.notice)
                AND (v_tells OR notice_days < 32767);
        IF v_tells THEN
            PERFORM laurel_tell_expiry(
                p_start, v_group.metric_id, v_group.key, v_group.amount, v_group.expires_at, v_days);
        END IF;
    END LOOP;
END $$;

-- Takes lots out of locked accounts, down to the minimum at most: one entry an account, for the lots of one metric that
-- end at `p_ends_at`, or together on a day of their own. What the minimum keeps of them does not run out any more. Whoever
-- stands on a ladder by what they have goes down with it. Set-wise, or a million lots would take an hour.
CREATE FUNCTION laurel_expire_lots(
    p_starts laurel_start[], p_lots uuid[], p_basis text, p_ends_at timestamptz, p_wall timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH open AS MATERIALIZED (
        SELECT l.id, l.business_id, l.account_id, l.metric_id, l.expires_at, l.remaining,
            coalesce(p_ends_at, l.expires_at) AS ends_at, s.now,
            greatest(b.amount - greatest(m.minimum, 0) - sum(l.remaining) OVER earlier + l.remaining, 0) AS room
        FROM loyalty_lot l
        JOIN unnest(p_starts) s ON s.account_id = l.account_id
        JOIN loyalty_balance b ON b.account_id = l.account_id AND b.metric_id = l.metric_id
        JOIN loyalty_metric m ON m.id = l.metric_id
        WHERE l.id = ANY (p_lots)
        WINDOW earlier AS (PARTITION BY l.account_id ORDER BY l.expires_at, l.id)
    ), taken AS MATERIALIZED (
        SELECT *, least(remaining, room)::bigint AS amount FROM open
    ), lots AS (
        UPDATE loyalty_lot l SET remaining = t.remaining - t.amount,
            expires_at = CASE WHEN t.amount < t.remaining AND t.expires_at <= t.now THEN NULL ELSE t.expires_at END
        FROM taken t WHERE l.id = t.id
    ), sums AS MATERIALIZED (
        SELECT laurel_uuid7(now) AS id, business_id, account_id, metric_id, now, sum(amount)::bigint AS amount,
            jsonb_build_object('basis', p_basis, 'lots', count(*), 'expiresAt', min(ends_at)) AS reason
        FROM taken WHERE amount > 0 GROUP BY business_id, account_id, metric_id, now
    ), lowered AS (
        UPDATE loyalty_balance b SET amount = b.amount - s.amount
        FROM sums s WHERE b.account_id = s.account_id AND b.metric_id = s.metric_id
        RETURNING b.account_id, b.amount AS balance
    ), numbered AS (
        UPDATE loyalty_account a SET event_sequence = event_sequence + 1, last_event_at = s.now,
            ledger_hash = laurel_entry_hash(ledger_hash, s.id, s.business_id, s.account_id, event_sequence + 1,
                s.metric_id, 'expire', -s.amount, b.balance, 'expiry', s.id::text, NULL, NULL, s.reason, NULL, s.now,
                p_wall)
        FROM sums s JOIN lowered b ON b.account_id = s.account_id WHERE a.id = s.account_id
        RETURNING s.*, b.balance, a.event_sequence AS sequence, a.ledger_hash AS hash
    ), entries AS (
        INSERT INTO loyalty_ledgerentry (id, business_id, account_id, sequence, metric_id, type, amount, balance_after,
            source_type, source_id, reason, hash, occurred_at, recorded_at)
        SELECT id, business_id, account_id, sequence, metric_id, 'expire', -amount, balance, 'expiry', id::text, reason,
            hash, now, p_wall FROM numbered
    ), told AS (
        INSERT INTO loyalty_event (id, business_id, account_id, sequence, topic, facts, created_at)
        SELECT laurel_uuid7(n.now), n.business_id, n.account_id, n.sequence, 'points/expired', jsonb_build_object(
            'action', 'expiry', 'entryId', n.id, 'metric', m.key, 'amount', -n.amount, 'balance', n.balance,
            'ruleId', NULL), n.now
        FROM numbered n JOIN loyalty_metric m ON m.id = n.metric_id
    )
    INSERT INTO loyalty_lotuse (id, business_id, entry_id, lot_id, amount)
        SELECT laurel_uuid7(t.now), t.business_id, s.id, t.id, t.amount
        FROM taken t JOIN sums s ON s.account_id = t.account_id WHERE t.amount > 0;
    PERFORM laurel_climb(s, held.metric_id)
        FROM (SELECT DISTINCT account_id, metric_id FROM loyalty_lot WHERE id = ANY (p_lots)) held
        JOIN unnest(p_starts) s ON s.account_id = held.account_id;
END $$;

-- Lets those due lots of locked accounts run out of which their holders know. Those of a metric that expire at the same
-- moment go together. A round takes the next ones of every account, so that the entries of each form a chain. Answers how
-- many.
CREATE FUNCTION laurel_expire(p_starts laurel_start[], p_wall timestamptz) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_lots uuid[];
    v_expired integer := 0;
BEGIN
    LOOP
        SELECT array_agg(l.id) INTO v_lots FROM (
            SELECT DISTINCT ON (s.account_id) s.account_id, due.metric_id, due.expires_at
            FROM unnest(p_starts) s CROSS JOIN LATERAL laurel_due_lots(s.account_id, s.now) due
            WHERE due.is_ripe AND due.is_told
            ORDER BY s.account_id, due.expires_at, due.metric_id
        ) next
        JOIN loyalty_lot l ON l.account_id = next.account_id AND l.metric_id = next.metric_id
            AND l.expires_at = next.expires_at AND l.remaining > 0 AND l.ripens_at IS NULL;
        EXIT WHEN v_lots IS NULL;
        PERFORM laurel_expire_lots(p_starts, v_lots, 'lot', NULL, p_wall);
        v_expired := v_expired + cardinality(v_lots);
    END LOOP;
    RETURN v_expired;
END $$;

-- Warns of the balances of a locked account that silence lets run out, and takes those whole that were warned of.
-- Whoever earned or spent since has another day. Answers how many lots it took.
CREATE FUNCTION laurel_settle_silence(p_start laurel_start, p_warns boolean, p_wall timestamptz) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_held record;
    v_expires_at timestamptz;
    v_notice smallint;
    v_days smallint;
    v_lots uuid[];
    v_expired integer := 0;
BEGIN
    FOR v_held IN
        SELECT b.id, b.metric_id, m.key, m.warn_days, b.amount - greatest(m.minimum, 0) AS amount, b.notice_days,
            b.expires_at AS told, laurel_end_of_day(b.active_at,
                make_interval(months => m.expiry_months, days => m.expiry_days), p_start.zone) AS ends_at
        FROM loyalty_balance b JOIN loyalty_metric m ON m.id = b.metric_id
        WHERE b.account_id = p_start.account_id AND m.expiry_basis = 'inactivity' AND b.amount > greatest(m.minimum, 0)
        ORDER BY b.metric_id
    LOOP
        v_expires_at := greatest(v_held.ends_at, v_held.told);
        v_notice := CASE WHEN v_held.told = v_expires_at THEN v_held.notice_days ELSE 32767 END;
        IF v_expires_at <= p_start.now AND (v_notice < 32767 OR v_held.warn_days = '{}') THEN
            v_lots := ARRAY(SELECT id FROM loyalty_lot WHERE account_id = p_start.account_id
                AND metric_id = v_held.metric_id AND remaining > 0 AND ripens_at IS NULL);
            PERFORM laurel_expire_lots(ARRAY[p_start], v_lots, 'inactivity', v_expires_at, p_wall);
            v_expired := v_expired + cardinality(v_lots);
            CONTINUE;
        ELSIF NOT p_warns THEN
            CONTINUE;
        ELSIF v_expires_at <= p_start.now THEN
            v_expires_at := laurel_end_of_day(p_start.now, interval '1 day', p_start.zone);
            v_days := (SELECT min(d) FROM unnest(v_held.warn_days) d);
        ELSE
            v_days := laurel_notice(v_expires_at, v_held.warn_days, p_start.zone, p_start.now);
        END IF;
        IF v_days < v_notice THEN
            UPDATE loyalty_balance SET expires_at = v_expires_at, notice_days = v_days WHERE id = v_held.id;
            PERFORM laurel_tell_expiry(
                p_start, v_held.metric_id, v_held.key, v_held.amount, v_expires_at, v_days);
        END IF;
    END LOOP;
    RETURN v_expired;
END $$;

-- Settles those of the accounts that nobody is busy with; the others are left for the next round. Answers how many lots
-- ripened and expired.
CREATE FUNCTION laurel_settle_accounts(p_business uuid, p_accounts uuid[], p_wall timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_account uuid;
    v_start laurel_start;
    v_starts laurel_start[] := '{}';
    v_settled integer := 0;
BEGIN
    p_accounts := ARRAY(SELECT id FROM loyalty_account WHERE business_id = p_business AND id = ANY (p_accounts)
        ORDER BY id FOR NO KEY UPDATE SKIP LOCKED);
    FOREACH v_account IN ARRAY p_accounts LOOP
        v_start := laurel_lock(p_business, v_account, NULL, p_wall);
        v_starts := v_starts || v_start;
        v_settled := v_settled + laurel_ripen_lots(v_start);
        PERFORM laurel_warn(v_start);
    END LOOP;
    v_settled := v_settled + laurel_expire(v_starts, p_wall);
    FOR v_start IN
        SELECT s.* FROM unnest(v_starts) s WHERE EXISTS (
            SELECT FROM loyalty_balance b JOIN loyalty_metric m ON m.id = b.metric_id
            WHERE b.account_id = s.account_id AND m.expiry_basis = 'inactivity')
    LOOP
        v_settled := v_settled + laurel_settle_silence(v_start, true, p_wall);
    END LOOP;
    RETURN v_settled;
END $$;

-- Nothing is withheld from somebody under another business than theirs.
ALTER TABLE loyalty_withheldbenefit ADD CONSTRAINT withheld_of_its_business
    FOREIGN KEY (account_id, business_id) REFERENCES loyalty_account (id, business_id);
