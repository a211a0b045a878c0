-- Many awards in one call, set-wise: what `laurel_award` does for one, at a third of the cost for each of a thousand.

CREATE TYPE laurel_item AS (
    number bigint, account uuid, metric text, amount bigint, source_type text, source_id text, rule_id uuid,
    rule_version integer, reason jsonb, description text, facts jsonb, expires timestamptz, ripens timestamptz
);

-- Where awards of locked accounts start, as `laurel_begin` says it of one. An account that the business lacks has none.
CREATE FUNCTION laurel_starts(p_business uuid, p_items laurel_item[], p_wall timestamptz) RETURNS laurel_start[]
LANGUAGE plpgsql AS $$
BEGIN
    RETURN ARRAY(
        SELECT ROW(CASE
                WHEN a.status <> 'active' THEN 'not_active'
                WHEN m.id IS NULL THEN 'no_metric'
                WHEN EXISTS (SELECT FROM loyalty_ledgerentry e WHERE e.business_id = p_business
                    AND e.source_type = i.source_type AND e.source_id = i.source_id AND e.type = 'earn')
                    THEN 'posted_before'
                ELSE 'new'
            END, NULL, NULL, a.business_id, a.id, a.status, a.climbs_due_at,
            greatest(p_wall + b.clock_offset, a.last_event_at), b.timezone, m.id, m.minimum, m.maximum,
            CASE WHEN m.expiry_basis = 'lot'
                THEN make_interval(months => m.expiry_months, days => m.expiry_days) END, m.is_stamps,
            a.tier_id)::laurel_start
        FROM unnest(p_items) i
        JOIN loyalty_account a ON a.id = i.account AND a.business_id = p_business
        JOIN loyalty_business b ON b.id = a.business_id
        LEFT JOIN loyalty_metric m ON m.business_id = a.business_id AND m.key = i.metric AND m.archived_at IS NULL);
END $$;

-- Balances for the first points of a metric.
CREATE FUNCTION laurel_open_balances(p_items laurel_item[], p_starts laurel_start[], p_limit bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO loyalty_balance
        (id, business_id, account_id, metric_id, amount, pending, lifetime_earned, lifetime_spent, floor, active_at)
        SELECT laurel_uuid7(s.now), s.business_id, s.account_id, s.metric_id, 0, 0, 0, 0, least(s.minimum, 0), s.now
        FROM unnest(p_items) i JOIN unnest(p_starts) s ON s.account_id = i.account
        WHERE s.outcome = 'new' AND i.amount <= least(s.maximum, p_limit) AND NOT EXISTS (
            SELECT FROM loyalty_balance b WHERE b.account_id = s.account_id AND b.metric_id = s.metric_id)
        ON CONFLICT (account_id, metric_id, business_id) DO NOTHING;
END $$;

-- What came of an item, and whether it put stamps on a card.
CREATE TYPE laurel_awarded AS (number bigint, posting laurel_posting, is_stamped boolean);

-- Awards to locked accounts, one each.
CREATE FUNCTION laurel_award_round(p_items laurel_item[], p_starts laurel_start[], p_wall timestamptz, p_limit bigint)
RETURNS laurel_awarded[] LANGUAGE plpgsql AS $$
DECLARE
    v_awarded laurel_awarded[];
BEGIN
    PERFORM laurel_open_balances(p_items, p_starts, p_limit);
    WITH asked AS MATERIALIZED (
        SELECT i.*, s.outcome, s.business_id, s.metric_id, s.now, s.zone, s.lifespan, s.is_stamps,
            least(s.maximum, p_limit) AS most, CASE WHEN i.ripens > s.now THEN 0 ELSE i.amount END AS ripe
        FROM unnest(p_items) i LEFT JOIN unnest(p_starts) s ON s.account_id = i.account
    ), raised AS (
        UPDATE loyalty_balance b SET amount = b.amount + w.ripe, pending = b.pending + w.amount - w.ripe,
            lifetime_earned = b.lifetime_earned + w.ripe, active_at = w.now
        FROM asked w
        WHERE w.outcome = 'new' AND b.account_id = w.account AND b.metric_id = w.metric_id
            AND b.amount + b.pending + w.amount <= w.most
        RETURNING w.*, laurel_uuid7(w.now) AS id, b.amount AS balance
    ), entered AS (
        UPDATE loyalty_account a SET event_sequence = event_sequence + 1, last_event_at = r.now,
            ledger_hash = laurel_entry_hash(ledger_hash, r.id, r.business_id, r.account, event_sequence + 1,
                r.metric_id, 'earn', r.amount, r.balance, r.source_type, r.source_id, r.rule_id, r.rule_version,
                r.reason, NULL, r.now, p_wall)
        FROM raised r WHERE a.id = r.account
        RETURNING r.*, a.event_sequence AS sequence, a.ledger_hash AS hash
    ), entries AS (
        INSERT INTO loyalty_ledgerentry (id, business_id, account_id, sequence, metric_id, type, amount, balance_after,
            source_type, source_id, rule_id, rule_version, reason, hash, occurred_at, recorded_at)
        SELECT id, business_id, account, sequence, metric_id, 'earn', amount, balance, source_type, source_id, rule_id,
            rule_version, reason, hash, now, p_wall FROM entered
    ), told AS (
        INSERT INTO loyalty_event (id, business_id, account_id, sequence, topic, facts, created_at)
        SELECT id, business_id, account, sequence,
            CASE WHEN ripe = 0 THEN 'points/pending' ELSE 'points/earned' END, facts || jsonb_build_object(
                'entryId', id, 'metric', metric, 'amount', amount, 'balance', balance, 'ruleId', rule_id), now
        FROM entered
    ), texts AS (
        INSERT INTO loyalty_entrytext (id, business_id, entry_id, description)
        SELECT id, business_id, id, description FROM entered WHERE description <> ''
    ), lots AS (
        INSERT INTO loyalty_lot
            (id, business_id, account_id, metric_id, entry_id, amount, remaining, expires_at, ripens_at)
        SELECT id, business_id, account, metric_id, id, amount, amount,
            coalesce(expires, laurel_end_of_day(greatest(now, ripens), lifespan, zone)),
            CASE WHEN ripe = 0 THEN ripens END
        FROM entered
    )
    SELECT array_agg(ROW(w.number, CASE
        WHEN e.id IS NOT NULL THEN ROW('done', NULL, e.id, e.account, e.sequence, e.metric, 'earn', e.amount, e.balance,
            e.source_type, e.source_id, e.rule_id, e.rule_version, e.description, e.now)::laurel_posting
        WHEN w.outcome = 'new' THEN laurel_refusal(
            'over_limit', jsonb_build_object('outcome', 'over_limit', 'limit', w.most))
        ELSE laurel_refusal(coalesce(w.outcome, 'no_account'), NULL) END, e.is_stamps AND e.ripe > 0)::laurel_awarded)
        INTO v_awarded
        FROM asked w LEFT JOIN entered e ON e.number = w.number;
    RETURN v_awarded;
END $$;

-- Lets locked accounts follow the ladders that the metrics of their awards drive: asked of all at once, for few move.
CREATE FUNCTION laurel_climb_all(p_starts laurel_start[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM laurel_climb(s, s.metric_id) FROM unnest(p_starts) s
        WHERE EXISTS (SELECT FROM laurel_ladders(s.account_id) l
            WHERE l.driven_by = s.metric_id
                AND (l.earned_id IS DISTINCT FROM l.held_id OR l.months IS NOT NULL AND l.period_to IS NULL));
END $$;

-- Awards, in the order given, of items as `laurel_batch` takes them that have a source and no key. A round takes the next
-- one of every account, so that the entries of each form a chain.
CREATE FUNCTION laurel_award_all(p_business uuid, p_items jsonb, p_wall timestamptz, p_limit bigint)
RETURNS SETOF laurel_posting LANGUAGE plpgsql AS $$
DECLARE
    v_accounts uuid[] := ARRAY(SELECT account FROM jsonb_to_recordset(p_items) AS (account uuid));
    v_items laurel_item[];
    v_starts laurel_start[];
    v_round laurel_awarded[];
    v_one laurel_awarded;
    v_postings laurel_posting[];
    v_owed uuid[];  -- entries that came to less than they gave
BEGIN
    PERFORM laurel_lock_accounts(p_business, v_accounts);
    PERFORM laurel_lock(p_business, a.id, NULL, p_wall)  -- where a period of a ladder is over
        FROM loyalty_account a JOIN loyalty_business b ON b.id = a.business_id
        WHERE a.id = ANY (v_accounts)
            AND a.business_id = p_business AND a.climbs_due_at <= greatest(p_wall + b.clock_offset, a.last_event_at);
    FOR v_items IN
        SELECT array_agg(ROW(i.number, i.account, i.metric, i.amount, i.source_type, i.source_id, i.rule_id,
            i.rule_version, i.reason, i.description, i.facts, i.expires, i.ripens)::laurel_item)
        FROM (
            SELECT *, row_number() OVER (PARTITION BY account ORDER BY number) AS round
            FROM ROWS FROM (jsonb_to_recordset(p_items) AS (account uuid, metric text, amount bigint, source_type text,
                source_id text, rule_id uuid, rule_version integer, reason jsonb, description text, facts jsonb,
                expires timestamptz, ripens timestamptz))
                WITH ORDINALITY AS t(account, metric, amount, source_type, source_id, rule_id, rule_version, reason,
                    description, facts, expires, ripens, number)
        ) i
        GROUP BY i.round ORDER BY i.round
    LOOP
        v_starts := laurel_starts(p_business, v_items, p_wall);
        v_round := laurel_award_round(v_items, v_starts, p_wall, p_limit);
        FOREACH v_one IN ARRAY v_round LOOP
            v_postings[v_one.number] := v_one.posting;
        END LOOP;
        v_owed := ARRAY(  -- where somebody had less than nothing
            SELECT (r.posting).id FROM unnest(v_round) r WHERE (r.posting).balance_after < (r.posting).amount);
        IF v_owed <> '{}' THEN
            PERFORM laurel_pay_debt(s, s.metric_id, l.entry_id) FROM unnest(v_starts) s
                JOIN loyalty_lot l ON l.account_id = s.account_id AND l.entry_id = ANY (v_owed)
                WHERE l.ripens_at IS NULL;
        END IF;
        PERFORM laurel_climb_all(ARRAY(SELECT s FROM unnest(v_starts) s
            WHERE s.account_id IN (SELECT (r.posting).account_id FROM unnest(v_round) r)));
        PERFORM laurel_moved((r.posting).account_id, 'stamps/collected', jsonb_build_object('entryId', (r.posting).id))
            FROM unnest(v_round) r WHERE r.is_stamped;
    END LOOP;
    RETURN QUERY SELECT * FROM unnest(v_postings);
END $$;

-- Takes away what entries of locked accounts have just given, each out of its own lot, which nobody has touched: at most
-- one of an account. An item is {entry, source_type, source_id, reason, description, facts}. Answers what was taken.
CREATE FUNCTION laurel_take_away(p_business uuid, p_items jsonb, p_wall timestamptz) RETURNS SETOF laurel_posting
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_starts laurel_start[];
    v_postings laurel_posting[];
BEGIN
    WITH asked AS MATERIALIZED (
        SELECT i.*, e.account_id, e.metric_id, e.amount, m.key AS metric, m.minimum, l.id AS lot_id,
            ROW('new', NULL, NULL, a.business_id, a.id, a.status, a.climbs_due_at,
                greatest(p_wall + b.clock_offset, a.last_event_at), b.timezone, m.id, m.minimum, m.maximum,
                NULL, NULL, a.tier_id)::laurel_start AS start
        FROM jsonb_to_recordset(p_items) AS i(entry uuid, source_type text, source_id text, reason jsonb,
            description text, facts jsonb)
        JOIN loyalty_ledgerentry e ON e.id = i.entry AND e.business_id = p_business
        JOIN loyalty_account a ON a.id = e.account_id
        JOIN loyalty_business b ON b.id = a.business_id
        JOIN loyalty_metric m ON m.id = e.metric_id
        JOIN loyalty_lot l ON l.entry_id = e.id AND l.remaining = e.amount AND l.ripens_at IS NULL
    ), lowered AS (
        UPDATE loyalty_balance b SET amount = b.amount - w.amount
        FROM asked w
        WHERE b.account_id = w.account_id AND b.metric_id = w.metric_id
            AND b.amount - w.amount >= greatest(b.floor, w.minimum, 0)
        RETURNING w.*, laurel_uuid7((w.start).now) AS id, b.amount AS balance
    ), entered AS (
        UPDATE loyalty_account a SET event_sequence = event_sequence + 1, last_event_at = (r.start).now,
            ledger_hash = laurel_entry_hash(ledger_hash, r.id, p_business, r.account_id, event_sequence + 1,
                r.metric_id, 'adjust', -r.amount, r.balance, r.source_type, r.source_id, NULL, NULL, r.reason, NULL,
                (r.start).now, p_wall)
        FROM lowered r WHERE a.id = r.account_id
        RETURNING r.*, a.event_sequence AS sequence, a.ledger_hash AS hash
    ), entries AS (
        INSERT INTO loyalty_ledgerentry (id, business_id, account_id, sequence, metric_id, type, amount, balance_after,
            source_type, source_id, reason, hash, occurred_at, recorded_at)
        SELECT id, p_business, account_id, sequence, metric_id, 'adjust', -amount, balance, source_type, source_id,
            reason, hash, (start).now, p_wall FROM entered
    ), told AS (
        INSERT INTO loyalty_event (id, business_id, account_id, sequence, topic, facts, created_at)
        SELECT laurel_uuid7((start).now), p_business, account_id, sequence, 'points/adjusted',
            facts || jsonb_build_object('entryId', id, 'metric', metric, 'amount', -amount, 'balance', balance,
                'ruleId', NULL), (start).now
        FROM entered
    ), texts AS (
        INSERT INTO loyalty_entrytext (id, business_id, entry_id, description)
        SELECT id, p_business, id, description FROM entered WHERE description <> ''
    ), emptied AS (
        UPDATE loyalty_lot l SET remaining = 0 FROM entered e WHERE l.id = e.lot_id
    ), uses AS (
        INSERT INTO loyalty_lotuse (id, business_id, entry_id, lot_id, amount)
        SELECT laurel_uuid7((start).now), p_business, id, lot_id, amount FROM entered
    )
    SELECT array_agg(start), array_agg(ROW('done', NULL, id, account_id, sequence, metric, 'adjust', -amount, balance,
            source_type, source_id, NULL, NULL, description, (start).now)::laurel_posting)
        INTO v_starts, v_postings FROM entered;
    PERFORM laurel_climb_all(v_starts);
    RETURN QUERY SELECT * FROM unnest(v_postings);
END $$;
