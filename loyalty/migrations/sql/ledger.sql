-- How points move. Every function locks the account first, so that each statement after it sees what the last
-- holder of the lock committed. `p_wall` is real time; programme time is read from the business under the lock.
-- What every award runs is PL/pgSQL, whose plans outlive the call; of SQL only what unfolds into its caller. They outlive
-- the days when tables were empty, too: what is called from outside and finds single rows may not plan to read all.

CREATE FUNCTION laurel_uuid7(p_at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    -- A random UUID whose first 48 bits are milliseconds, and whose version says 7.
    SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
        PLACING substring(int8send(floor(extract(epoch FROM p_at) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
        52, 1), 53, 1), 'hex')::uuid
$$;

-- An entry's place in its account's chain. STABLE as the functions in it: PostgreSQL then unfolds it where it is used.
CREATE FUNCTION laurel_entry_hash(
    p_previous bytea, p_id uuid, p_business uuid, p_account uuid, p_sequence bigint, p_metric uuid, p_type text,
    p_amount bigint, p_balance_after bigint, p_source_type text, p_source_id text, p_rule_id uuid,
    p_rule_version integer, p_reason jsonb, p_reverses uuid, p_occurred_at timestamptz, p_recorded_at timestamptz
) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(p_previous || convert_to(json_build_array(
        p_id, p_business, p_account, p_sequence, p_metric, p_type, p_amount, p_balance_after, p_source_type,
        p_source_id, p_rule_id, p_rule_version, p_reason, p_reverses,
        extract(epoch FROM p_occurred_at), extract(epoch FROM p_recorded_at))::text, 'UTF8'))
$$;

-- What a posting answers: the entry, or an outcome that says why there is none.
CREATE TYPE laurel_posting AS (
    outcome text, details jsonb, id uuid, account_id uuid, sequence bigint, metric text, type text, amount bigint,
    balance_after bigint, source_type text, source_id text, rule_id uuid, rule_version integer, description text,
    occurred_at timestamptz
);

CREATE FUNCTION laurel_posting_of(p_outcome text, p_entry uuid) RETURNS laurel_posting LANGUAGE sql STABLE AS $$
    SELECT ROW(p_outcome, NULL, e.id, e.account_id, e.sequence, m.key, e.type, e.amount, e.balance_after,
        e.source_type, e.source_id, e.rule_id, e.rule_version, coalesce(t.description, ''), e.occurred_at)::laurel_posting
    FROM loyalty_ledgerentry e
    JOIN loyalty_metric m ON m.id = e.metric_id
    LEFT JOIN loyalty_entrytext t ON t.entry_id = e.id
    WHERE e.id = p_entry
$$;

CREATE FUNCTION laurel_refusal(p_outcome text, p_details jsonb) RETURNS laurel_posting LANGUAGE plpgsql AS $$
DECLARE
    v_posting laurel_posting;
BEGIN
    v_posting.outcome := p_outcome;
    v_posting.details := p_details;
    RETURN v_posting;
END $$;

-- Takes an Idempotency-Key for the rest of the transaction. `outcome`: new, busy, mismatch, or replay.
CREATE FUNCTION laurel_claim_key(
    p_scope uuid, p_key text, p_fingerprint bytea,
    OUT outcome text, OUT entry_id uuid, OUT refusal jsonb, OUT status smallint, OUT answer bytea
) LANGUAGE plpgsql SET enable_seqscan TO off AS $$
DECLARE
    v_fingerprint bytea;
BEGIN
    outcome := 'new';
    IF NOT pg_try_advisory_xact_lock(hashtextextended(p_scope::text || p_key, 0)) THEN
        outcome := 'busy';
        RETURN;
    END IF;
    SELECT r.fingerprint, r.entry_id, r.refusal, r.status, r.answer
        INTO v_fingerprint, entry_id, refusal, status, answer
        FROM loyalty_idempotencyrecord r WHERE r.scope = p_scope AND r.key = p_key;
    IF FOUND THEN
        outcome := CASE WHEN v_fingerprint = p_fingerprint THEN 'replay' ELSE 'mismatch' END;
    END IF;
END $$;

CREATE FUNCTION laurel_keep_key(
    p_business uuid, p_scope uuid, p_key text, p_fingerprint bytea, p_entry uuid, p_refusal jsonb, p_wall timestamptz
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF p_key IS NOT NULL THEN
        INSERT INTO loyalty_idempotencyrecord (id, business_id, scope, key, fingerprint, entry_id, refusal, created_at)
            VALUES (coalesce(p_entry, laurel_uuid7(p_wall)), p_business, p_scope, p_key, p_fingerprint, p_entry, p_refusal,
                p_wall);
    END IF;
    RETURN p_key IS NOT NULL;
END $$;

-- Where a posting starts: a locked account, its programme time and a metric; or an outcome that says why not.
CREATE TYPE laurel_start AS (
    outcome text, details jsonb, entry_id uuid, business_id uuid, account_id uuid, status text,
    climbs_due_at timestamptz, now timestamptz, zone text, metric_id uuid, minimum bigint, maximum bigint,
    lifespan interval, is_stamps boolean, tier_id uuid
);

-- Locks an account, and ends the periods of its ladders that are over. Its time is never before what already happened to
-- it. Null when the business has no such account; an archived metric is none.
CREATE FUNCTION laurel_lock(p_business uuid, p_account uuid, p_metric text, p_wall timestamptz) RETURNS laurel_start
LANGUAGE plpgsql AS $$
DECLARE
    v_start laurel_start;
BEGIN
    SELECT 'new', NULL, NULL, a.business_id, a.id, a.status, a.climbs_due_at,
            greatest(p_wall + b.clock_offset, a.last_event_at), b.timezone, m.id, m.minimum, m.maximum,
            CASE WHEN m.expiry_basis = 'lot' THEN make_interval(months => m.expiry_months, days => m.expiry_days) END,
            m.is_stamps, a.tier_id
        INTO v_start
        FROM loyalty_account a
        JOIN loyalty_business b ON b.id = a.business_id
        LEFT JOIN loyalty_metric m ON m.business_id = a.business_id AND m.key = p_metric AND m.archived_at IS NULL
        WHERE a.id = p_account AND a.business_id = p_business
        FOR NO KEY UPDATE OF a;
    IF v_start.climbs_due_at <= v_start.now AND v_start.status IN ('active', 'blocked') THEN
        PERFORM laurel_turn(v_start, p_wall);
        SELECT tier_id INTO v_start.tier_id FROM loyalty_account WHERE id = p_account;
    END IF;
    RETURN v_start;
END $$;

-- Whether a source was posted before. The unique constraint has the last word; this gives the kinder one.
CREATE FUNCTION laurel_is_posted(p_business uuid, p_type text, p_id text, p_entry_type text) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM loyalty_ledgerentry
        WHERE business_id = p_business AND source_type = p_type AND source_id = p_id AND type = p_entry_type);
END $$;

-- What is answered when there is nothing to post: the earlier entry of a repeated key, or the reason.
CREATE FUNCTION laurel_answer(p_start laurel_start) RETURNS laurel_posting LANGUAGE plpgsql AS $$
BEGIN
    IF p_start.entry_id IS NOT NULL THEN
        RETURN laurel_posting_of(p_start.outcome, p_start.entry_id);
    END IF;
    RETURN laurel_refusal(p_start.outcome, p_start.details);
END $$;

-- What an award and a spend begin with: the key, the lock, and whether there is anything to do.
CREATE FUNCTION laurel_begin(
    p_business uuid, p_account uuid, p_metric text, p_type text, p_source_type text, p_source_id text,
    p_wall timestamptz, p_scope uuid, p_key text, p_fingerprint bytea, p_is_new boolean DEFAULT false
) RETURNS laurel_start LANGUAGE plpgsql AS $$
DECLARE
    v_claim record;
    v_start laurel_start;
BEGIN
    IF p_key IS NOT NULL THEN
        v_claim := laurel_claim_key(p_scope, p_key, p_fingerprint);
        IF v_claim.outcome <> 'new' THEN
            v_start.outcome := v_claim.outcome;
            v_start.details := v_claim.refusal;
            v_start.entry_id := CASE WHEN v_claim.outcome = 'replay' THEN v_claim.entry_id END;
            RETURN v_start;
        END IF;
    END IF;
    v_start := laurel_lock(p_business, p_account, p_metric, p_wall);
    v_start.outcome := CASE
        WHEN v_start.account_id IS NULL THEN 'no_account'
        WHEN v_start.status <> 'active' THEN 'not_active'
        WHEN v_start.metric_id IS NULL THEN 'no_metric'
        WHEN p_source_id IS NOT NULL AND NOT p_is_new
            AND laurel_is_posted(p_business, p_source_type, p_source_id, p_type) THEN 'posted_before'
        ELSE 'new'
    END;
    RETURN v_start;
END $$;

-- Writes an event of a locked account under its next number.
CREATE FUNCTION laurel_tell(p_business uuid, p_account uuid, p_topic text, p_facts jsonb, p_now timestamptz)
RETURNS loyalty_event LANGUAGE plpgsql AS $$
DECLARE
    v_event loyalty_event;
BEGIN
    WITH numbered AS (
        UPDATE loyalty_account SET event_sequence = event_sequence + 1, last_event_at = p_now
        WHERE id = p_account RETURNING event_sequence
    )
    INSERT INTO loyalty_event (id, business_id, account_id, sequence, topic, facts, created_at)
        SELECT laurel_uuid7(p_now), p_business, p_account, event_sequence, p_topic, p_facts, p_now FROM numbered
        RETURNING * INTO v_event;
    RETURN v_event;
END $$;

-- Writes an entry of a locked account: its number, its place in the chain, its event, its text. All have its id: making
-- one is dear, for PostgreSQL opens the system's source of randomness for each. `p_facts` say how much of it is `ripe`
-- where that may be less than all: by as much the balance has changed.
CREATE FUNCTION laurel_enter(
    p_id uuid, p_business uuid, p_account uuid, p_metric_id uuid, p_metric text, p_type text, p_amount bigint,
    p_balance_after bigint, p_source_type text, p_source_id text, p_rule_id uuid, p_rule_version integer,
    p_reason jsonb, p_reverses uuid, p_description text, p_topic text, p_facts jsonb, p_now timestamptz,
    p_wall timestamptz
) RETURNS laurel_posting LANGUAGE plpgsql AS $$
DECLARE
    v_sequence bigint;
    v_hash bytea;
BEGIN
    UPDATE loyalty_account SET event_sequence = event_sequence + 1, last_event_at = p_now,
        ledger_hash = laurel_entry_hash(ledger_hash, p_id, p_business, p_account, event_sequence + 1, p_metric_id,
            p_type, p_amount, p_balance_after, p_source_type, p_source_id, p_rule_id, p_rule_version, p_reason,
            p_reverses, p_now, p_wall)
        WHERE id = p_account RETURNING event_sequence, ledger_hash INTO v_sequence, v_hash;
    INSERT INTO loyalty_ledgerentry (id, business_id, account_id, sequence, metric_id, type, amount, balance_after,
        source_type, source_id, rule_id, rule_version, reason, reverses_id, hash, occurred_at, recorded_at)
        VALUES (p_id, p_business, p_account, v_sequence, p_metric_id, p_type, p_amount, p_balance_after,
            p_source_type, p_source_id, p_rule_id, p_rule_version, p_reason, p_reverses, v_hash, p_now, p_wall);
    INSERT INTO loyalty_event (id, business_id, account_id, sequence, topic, facts, created_at)
        VALUES (p_id, p_business, p_account, v_sequence, p_topic, p_facts || jsonb_build_object(
            'entryId', p_id, 'metric', p_metric, 'amount', p_amount, 'balance', p_balance_after,
            'ruleId', p_rule_id), p_now);
    IF p_description <> '' THEN
        INSERT INTO loyalty_entrytext (id, business_id, entry_id, description)
            VALUES (p_id, p_business, p_id, p_description);
    END IF;
    RETURN ROW('done', NULL, p_id, p_account, v_sequence, p_metric, p_type, p_amount, p_balance_after, p_source_type,
        p_source_id, p_rule_id, p_rule_version, p_description, p_now)::laurel_posting;
END $$;

-- Takes `p_amount` out of a locked account's ripe lots, soonest to expire first, `p_first` entry's own lot before all.
CREATE FUNCTION laurel_take_lots(
    p_start laurel_start, p_metric uuid, p_entry uuid, p_amount bigint, p_first uuid
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_taken bigint;
BEGIN
    WITH open AS (
        SELECT l.id, l.remaining,
            sum(l.remaining) OVER (ORDER BY (l.entry_id = p_first) DESC, l.expires_at, l.id) - l.remaining AS before
        FROM loyalty_lot l
        WHERE l.account_id = p_start.account_id AND l.metric_id = p_metric
            AND l.remaining > 0 AND l.ripens_at IS NULL
    ), taken AS (
        UPDATE loyalty_lot l SET remaining = l.remaining - least(o.remaining, p_amount - o.before)
        FROM open o WHERE l.id = o.id AND o.before < p_amount
        RETURNING l.id, least(o.remaining, p_amount - o.before) AS amount
    ), used AS (
        INSERT INTO loyalty_lotuse (id, business_id, entry_id, lot_id, amount)
        SELECT laurel_uuid7(p_start.now), p_start.business_id, p_entry, t.id, t.amount FROM taken t
        RETURNING amount
    )
    SELECT coalesce(sum(amount), 0) INTO v_taken FROM used;
    IF v_taken <> p_amount THEN
        RAISE EXCEPTION 'lots of account % give % of %', p_start.account_id, v_taken, p_amount;
    END IF;
END $$;

-- Lets due lots of a locked account ripen. Answers how many.
CREATE FUNCTION laurel_ripen_lots(p_start laurel_start) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_lot record;
    v_balance loyalty_balance;
    v_settled integer := 0;
BEGIN
    FOR v_lot IN
        SELECT l.*, m.key FROM loyalty_lot l JOIN loyalty_metric m ON m.id = l.metric_id
        WHERE l.account_id = p_start.account_id AND l.remaining > 0 AND l.ripens_at <= p_start.now
        ORDER BY l.ripens_at, l.id
    LOOP
        UPDATE loyalty_lot SET ripens_at = NULL WHERE id = v_lot.id;
        UPDATE loyalty_balance SET pending = pending - v_lot.remaining, amount = amount + v_lot.remaining,
            lifetime_earned = lifetime_earned + v_lot.remaining, active_at = p_start.now
            WHERE account_id = p_start.account_id AND metric_id = v_lot.metric_id RETURNING * INTO v_balance;
        PERFORM laurel_tell(p_start.business_id, p_start.account_id, 'points/earned', jsonb_build_object(
            'action', 'ripening', 'entryId', v_lot.entry_id, 'metric', v_lot.key, 'amount', v_lot.remaining,
            'balance', v_balance.amount, 'ruleId', NULL), p_start.now);
        PERFORM laurel_note_ripening(v_lot.id, v_lot.remaining);
        IF v_balance.amount < v_lot.remaining THEN
            PERFORM laurel_pay_debt(p_start, v_lot.metric_id, v_lot.entry_id);
        END IF;
        PERFORM laurel_climb(p_start, v_lot.metric_id);
        v_settled := v_settled + 1;
    END LOOP;
    RETURN v_settled;
END $$;

-- Lets what is due of a locked account ripen and accrue, then expire. Answers how many lots it settled. `p_warns`: not
-- where the moment is over. A warning is worth nothing then, what was overlooked waits for one that is worth something,
-- and what has accrued is paid now.
CREATE FUNCTION laurel_settle_lots(p_start laurel_start, p_wall timestamptz, p_warns boolean DEFAULT true)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_settled integer := laurel_ripen_lots(p_start);
BEGIN
    IF p_warns THEN
        v_settled := v_settled + laurel_post_accruals(p_start, p_wall);
    END IF;
    IF EXISTS (SELECT FROM loyalty_lot WHERE account_id = p_start.account_id AND remaining > 0 AND ripens_at IS NULL
               AND expires_at <= p_start.now) THEN
        IF p_warns THEN
            PERFORM laurel_warn(p_start);
        END IF;
        v_settled := v_settled + laurel_expire(ARRAY[p_start], p_wall);
    END IF;
    RETURN v_settled + laurel_settle_silence(p_start, p_warns, p_wall);
END $$;

CREATE FUNCTION laurel_settle(p_business uuid, p_account uuid, p_wall timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
BEGIN
    RETURN laurel_settle_lots(laurel_lock(p_business, p_account, NULL, p_wall), p_wall);
END $$;

-- Gives points: balance, lot, entry, event and idempotency row in one statement. What comes without a day to expire on
-- gets the one that its metric says. `p_clamp`: give what there is room for, and say so in the reason. `p_is_new`: its
-- source was made just now, so that nothing can have been posted for it.
CREATE FUNCTION laurel_award(
    p_business uuid, p_account uuid, p_metric text, p_type text, p_amount bigint, p_source_type text, p_source_id text,
    p_rule_id uuid, p_rule_version integer, p_reason jsonb, p_description text, p_topic text, p_facts jsonb,
    p_wall timestamptz, p_expires_at timestamptz, p_ripens_at timestamptz, p_limit bigint,
    p_scope uuid, p_key text, p_fingerprint bytea, p_clamp boolean DEFAULT false, p_is_new boolean DEFAULT false
) RETURNS laurel_posting LANGUAGE plpgsql SET enable_seqscan TO off AS $$
DECLARE
    v_start laurel_start := laurel_begin(p_business, p_account, p_metric, p_type, p_source_type, p_source_id, p_wall,
        p_scope, p_key, p_fingerprint, p_is_new);
    v_id uuid := laurel_uuid7(v_start.now);
    v_posting laurel_posting;
    v_ripe bigint;
    v_room bigint;
    v_earned bigint;
    v_balance loyalty_balance;
    v_limit bigint := least(v_start.maximum, p_limit);
    v_is_kept boolean;  -- an assignment is cheaper than PERFORM, which runs a query
BEGIN
    IF v_start.outcome <> 'new' THEN
        RETURN laurel_answer(v_start);
    END IF;
    IF p_clamp THEN
        v_room := v_limit - coalesce((SELECT amount + pending FROM loyalty_balance
            WHERE account_id = p_account AND metric_id = v_start.metric_id), 0);
        IF v_room <= 0 THEN
            RETURN laurel_refusal('no_room', jsonb_build_object('outcome', 'no_room', 'limit', v_limit));
        ELSIF v_room < p_amount THEN
            p_reason := p_reason || jsonb_build_object('caps', jsonb_build_array('maximum'), 'promised', p_amount);
            p_amount := v_room;
        END IF;
    END IF;
    v_ripe := CASE WHEN p_ripens_at > v_start.now THEN 0 ELSE p_amount END;
    v_earned := CASE WHEN p_type = 'earn' THEN v_ripe ELSE 0 END;

    UPDATE loyalty_balance SET amount = amount + v_ripe, pending = pending + p_amount - v_ripe,
        lifetime_earned = lifetime_earned + v_earned,
        active_at = CASE WHEN p_type = 'earn' THEN v_start.now ELSE active_at END
        WHERE account_id = p_account AND metric_id = v_start.metric_id AND amount + pending + p_amount <= v_limit
        RETURNING * INTO v_balance;
    IF NOT FOUND THEN  -- the first points of this metric, or too many
        INSERT INTO loyalty_balance
            (id, business_id, account_id, metric_id, amount, pending, lifetime_earned, lifetime_spent, floor, active_at)
            SELECT laurel_uuid7(v_start.now), p_business, p_account, v_start.metric_id, v_ripe, p_amount - v_ripe,
                v_earned, 0, least(v_start.minimum, 0), v_start.now
            WHERE p_amount <= v_limit
            ON CONFLICT (account_id, metric_id, business_id) DO NOTHING
            RETURNING * INTO v_balance;
    END IF;
    IF NOT FOUND THEN
        v_posting := laurel_refusal('over_limit', jsonb_build_object('outcome', 'over_limit', 'limit', v_limit));
        PERFORM laurel_keep_key(p_business, p_scope, p_key, p_fingerprint, NULL, v_posting.details, p_wall);
        RETURN v_posting;
    END IF;

    v_posting := laurel_enter(v_id, p_business, p_account, v_start.metric_id, p_metric, p_type, p_amount,
        v_balance.amount, p_source_type, coalesce(p_source_id, v_id::text), p_rule_id, p_rule_version, p_reason, NULL, p_description,
        CASE WHEN v_ripe = 0 THEN 'points/pending' ELSE p_topic END, p_facts, v_start.now, p_wall);
    INSERT INTO loyalty_lot (id, business_id, account_id, metric_id, entry_id, amount, remaining, expires_at, ripens_at)
        VALUES (v_id, p_business, p_account, v_start.metric_id, v_id, p_amount, p_amount,
            coalesce(p_expires_at,
                laurel_end_of_day(greatest(v_start.now, p_ripens_at), v_start.lifespan, v_start.zone)),
            CASE WHEN v_ripe = 0 THEN p_ripens_at END);
    IF v_balance.amount < v_ripe THEN
        PERFORM laurel_pay_debt(v_start, v_start.metric_id, v_id);
    END IF;
    IF laurel_may_climb(v_start, v_balance) THEN
        PERFORM laurel_climb(v_start, v_start.metric_id);
    END IF;
    IF v_start.is_stamps AND v_ripe > 0 THEN
        PERFORM laurel_moved(p_account, 'stamps/collected', jsonb_build_object('entryId', v_id));
    END IF;
    v_is_kept := laurel_keep_key(p_business, p_scope, p_key, p_fingerprint, v_id, NULL, p_wall);
    RETURN v_posting;
END $$;

-- Takes points: what is due is settled first, then the soonest to expire goes first.
CREATE FUNCTION laurel_spend(
    p_business uuid, p_account uuid, p_metric text, p_type text, p_amount bigint, p_source_type text, p_source_id text,
    p_reason jsonb, p_description text, p_topic text, p_facts jsonb, p_wall timestamptz,
    p_scope uuid, p_key text, p_fingerprint bytea
) RETURNS laurel_posting LANGUAGE plpgsql SET enable_seqscan TO off AS $$
DECLARE
    v_start laurel_start := laurel_begin(p_business, p_account, p_metric, p_type, p_source_type, p_source_id, p_wall,
        p_scope, p_key, p_fingerprint);
    v_id uuid := laurel_uuid7(v_start.now);
    v_posting laurel_posting;
    v_balance loyalty_balance;
    v_settled integer;
    v_is_kept boolean;
BEGIN
    IF v_start.outcome <> 'new' THEN
        RETURN laurel_answer(v_start);
    END IF;
    v_settled := laurel_settle_lots(v_start, p_wall);

    UPDATE loyalty_balance SET amount = amount - p_amount,
        lifetime_spent = lifetime_spent + CASE WHEN p_type = 'spend' THEN p_amount ELSE 0 END,
        active_at = CASE WHEN p_type = 'spend' THEN v_start.now ELSE active_at END
        WHERE account_id = p_account AND metric_id = v_start.metric_id
            AND amount - p_amount >= greatest(floor, v_start.minimum, 0)
        RETURNING * INTO v_balance;
    IF NOT FOUND THEN
        SELECT * INTO v_balance FROM loyalty_balance
            WHERE account_id = p_account AND metric_id = v_start.metric_id;
        v_posting := laurel_refusal('insufficient', jsonb_build_object(
            'outcome', 'insufficient', 'balance', coalesce(v_balance.amount, 0), 'needed', p_amount));
        PERFORM laurel_keep_key(p_business, p_scope, p_key, p_fingerprint, NULL, v_posting.details, p_wall);
        RETURN v_posting;
    END IF;

    PERFORM laurel_take_lots(v_start, v_start.metric_id, v_id, p_amount, NULL);
    v_posting := laurel_enter(v_id, p_business, p_account, v_start.metric_id, p_metric, p_type, -p_amount,
        v_balance.amount, p_source_type, coalesce(p_source_id, v_id::text), NULL, NULL, p_reason, NULL, p_description, p_topic, p_facts,
        v_start.now, p_wall);
    IF v_settled > 0 OR laurel_may_climb(v_start, v_balance) THEN  -- what settled may have moved them already
        PERFORM laurel_climb(v_start, v_start.metric_id);
    END IF;
    v_is_kept := laurel_keep_key(p_business, p_scope, p_key, p_fingerprint, v_id, NULL, p_wall);
    RETURN v_posting;
END $$;

-- Undoes an entry, once: what a spend took goes back to the same lots; what an earning gave is taken again.
CREATE FUNCTION laurel_reverse_in_place(
    p_business uuid, p_entry uuid, p_reason jsonb, p_description text, p_facts jsonb, p_wall timestamptz
) RETURNS laurel_posting LANGUAGE plpgsql AS $$
DECLARE
    v_original loyalty_ledgerentry;
    v_start laurel_start;
    v_balance loyalty_balance;
    v_id uuid;
    v_metric text;
    v_pending bigint;
BEGIN
    SELECT * INTO v_original FROM loyalty_ledgerentry WHERE id = p_entry AND business_id = p_business;
    IF NOT FOUND THEN
        RETURN laurel_refusal('no_entry', NULL);
    END IF;
    SELECT key INTO v_metric FROM loyalty_metric WHERE id = v_original.metric_id;
    v_start := laurel_lock(p_business, v_original.account_id, v_metric, p_wall);
    IF v_original.type = 'reverse' OR EXISTS (SELECT FROM loyalty_ledgerentry WHERE reverses_id = p_entry) THEN
        RETURN laurel_refusal('reversed_before', NULL);
    END IF;
    v_id := laurel_uuid7(v_start.now);

    IF v_original.amount < 0 THEN
        UPDATE loyalty_lot l SET remaining = l.remaining + u.amount
            FROM loyalty_lotuse u WHERE u.entry_id = p_entry AND l.id = u.lot_id;
        UPDATE loyalty_balance SET amount = amount - v_original.amount,
            lifetime_spent = lifetime_spent + CASE WHEN v_original.type = 'spend' THEN v_original.amount ELSE 0 END
            WHERE account_id = v_original.account_id AND metric_id = v_original.metric_id RETURNING * INTO v_balance;
        IF v_balance.amount < -v_original.amount THEN
            PERFORM laurel_pay_debt(v_start, v_original.metric_id, v_id);
        END IF;
    ELSE
        UPDATE loyalty_lot SET remaining = 0, ripens_at = NULL
            WHERE entry_id = p_entry AND ripens_at IS NOT NULL RETURNING amount INTO v_pending;
        v_pending := coalesce(v_pending, 0);
        UPDATE loyalty_balance SET amount = amount - v_original.amount + v_pending, pending = pending - v_pending,
            lifetime_earned = lifetime_earned
                - CASE WHEN v_original.type = 'earn' THEN v_original.amount - v_pending ELSE 0 END
            WHERE account_id = v_original.account_id AND metric_id = v_original.metric_id
                AND amount - v_original.amount + v_pending >= greatest(floor, v_start.minimum, 0)
            RETURNING * INTO v_balance;
        IF NOT FOUND THEN
            SELECT * INTO v_balance FROM loyalty_balance
                WHERE account_id = v_original.account_id AND metric_id = v_original.metric_id;
            RETURN laurel_refusal('insufficient', jsonb_build_object(
                'outcome', 'insufficient', 'balance', v_balance.amount, 'needed', v_original.amount));
        END IF;
        PERFORM laurel_take_lots(v_start, v_original.metric_id, v_id, v_original.amount - v_pending, p_entry);
    END IF;
    PERFORM laurel_climb(v_start, v_original.metric_id);
    RETURN laurel_enter(v_id, p_business, v_original.account_id, v_original.metric_id, v_metric, 'reverse',
        -v_original.amount, v_balance.amount, 'entry', p_entry::text, v_original.rule_id, v_original.rule_version,
        p_reason, p_entry, p_description, 'points/reversed',
        p_facts || jsonb_build_object('ripe', coalesce(v_pending, 0) - v_original.amount), v_start.now, p_wall);
END $$;

-- The ledger is history: the database itself refuses to change it.
CREATE FUNCTION laurel_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: post a reversing entry instead', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;

CREATE TRIGGER ledger_is_append_only BEFORE UPDATE OR DELETE ON loyalty_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION laurel_refuse_change();
CREATE TRIGGER ledger_is_never_emptied BEFORE TRUNCATE ON loyalty_ledgerentry
    FOR EACH STATEMENT EXECUTE FUNCTION laurel_refuse_change();
CREATE TRIGGER lot_uses_are_append_only BEFORE UPDATE OR DELETE ON loyalty_lotuse
    FOR EACH ROW EXECUTE FUNCTION laurel_refuse_change();
