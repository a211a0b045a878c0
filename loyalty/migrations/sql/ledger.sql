-- How points move. Every function locks the account first, so that each statement after it sees what the last
-- holder of the lock committed. `p_wall` is real time; programme time is read from the business under the lock.

CREATE FUNCTION laurel_uuid7(p_at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    -- A random UUID whose first 48 bits are milliseconds, and whose version says 7.
    SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
        PLACING substring(int8send(floor(extract(epoch FROM p_at) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
        52, 1), 53, 1), 'hex')::uuid
$$;

CREATE FUNCTION laurel_entry_hash(p_entry loyalty_ledgerentry, p_previous bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(p_previous || convert_to(jsonb_build_array(
        p_entry.id, p_entry.business_id, p_entry.account_id, p_entry.sequence, p_entry.metric_id, p_entry.type,
        p_entry.amount, p_entry.balance_after, p_entry.source_type, p_entry.source_id, p_entry.rule_id,
        p_entry.rule_version, p_entry.reason, p_entry.reverses_id,
        extract(epoch FROM p_entry.occurred_at), extract(epoch FROM p_entry.recorded_at))::text, 'UTF8'))
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
) LANGUAGE plpgsql AS $$
DECLARE
    v_fingerprint bytea;
BEGIN
    outcome := 'new';
    IF p_key IS NULL THEN
        RETURN;
    END IF;
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
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO loyalty_idempotencyrecord (id, business_id, scope, key, fingerprint, entry_id, refusal, created_at)
    SELECT laurel_uuid7(p_wall), p_business, p_scope, p_key, p_fingerprint, p_entry, p_refusal, p_wall
    WHERE p_key IS NOT NULL
$$;

-- The account's row, locked. Null when the business has no such account.
CREATE FUNCTION laurel_lock(p_business uuid, p_account uuid) RETURNS loyalty_account LANGUAGE sql AS $$
    SELECT a FROM loyalty_account a WHERE a.id = p_account AND a.business_id = p_business FOR NO KEY UPDATE
$$;

-- Programme time for a locked account: never before what already happened to it.
CREATE FUNCTION laurel_now(p_account loyalty_account, p_wall timestamptz) RETURNS timestamptz LANGUAGE sql AS $$
    SELECT greatest(p_wall + b.clock_offset, p_account.last_event_at)
    FROM loyalty_business b WHERE b.id = p_account.business_id
$$;

-- Whether a source was posted before. The unique constraint has the last word; this gives the kinder one.
CREATE FUNCTION laurel_is_posted(p_business uuid, p_type text, p_id text, p_entry_type text) RETURNS boolean
LANGUAGE sql AS $$
    SELECT p_id IS NOT NULL AND EXISTS (
        SELECT FROM loyalty_ledgerentry
        WHERE business_id = p_business AND source_type = p_type AND source_id = p_id AND type = p_entry_type)
$$;

-- Writes an event of a locked account under its next number.
CREATE FUNCTION laurel_tell(p_business uuid, p_account uuid, p_topic text, p_facts jsonb, p_now timestamptz)
RETURNS loyalty_event LANGUAGE sql AS $$
    WITH numbered AS (
        UPDATE loyalty_account SET event_sequence = event_sequence + 1, last_event_at = p_now
        WHERE id = p_account RETURNING event_sequence
    )
    INSERT INTO loyalty_event (id, business_id, account_id, sequence, topic, facts, created_at)
    SELECT laurel_uuid7(p_now), p_business, p_account, event_sequence, p_topic, p_facts, p_now FROM numbered
    RETURNING *
$$;

-- Writes an entry of a locked account: its number, its place in the chain, its event, its text.
CREATE FUNCTION laurel_enter(
    p_entry loyalty_ledgerentry, p_metric text, p_topic text, p_facts jsonb, p_description text
) RETURNS laurel_posting LANGUAGE plpgsql AS $$
DECLARE
    v_previous bytea;
BEGIN
    SELECT event_sequence + 1, ledger_hash INTO p_entry.sequence, v_previous
        FROM loyalty_account WHERE id = p_entry.account_id;
    p_entry.hash := laurel_entry_hash(p_entry, v_previous);
    UPDATE loyalty_account
        SET event_sequence = p_entry.sequence, ledger_hash = p_entry.hash, last_event_at = p_entry.occurred_at
        WHERE id = p_entry.account_id;
    INSERT INTO loyalty_ledgerentry SELECT p_entry.*;
    INSERT INTO loyalty_event (id, business_id, account_id, sequence, topic, facts, created_at)
        VALUES (laurel_uuid7(p_entry.occurred_at), p_entry.business_id, p_entry.account_id, p_entry.sequence, p_topic,
            p_facts || jsonb_build_object('entryId', p_entry.id, 'metric', p_metric, 'amount', p_entry.amount,
                'balance', p_entry.balance_after, 'ruleId', p_entry.rule_id),
            p_entry.occurred_at);
    IF p_description <> '' THEN
        INSERT INTO loyalty_entrytext (id, business_id, entry_id, description)
            VALUES (laurel_uuid7(p_entry.occurred_at), p_entry.business_id, p_entry.id, p_description);
    END IF;
    RETURN ROW('done', NULL, p_entry.id, p_entry.account_id, p_entry.sequence, p_metric, p_entry.type, p_entry.amount,
        p_entry.balance_after, p_entry.source_type, p_entry.source_id, p_entry.rule_id, p_entry.rule_version,
        p_description, p_entry.occurred_at)::laurel_posting;
END $$;

-- Moves a locked account to the tier that its lifetime has reached, unless an operator chose one.
CREATE FUNCTION laurel_settle_tier(
    p_account loyalty_account, p_metric uuid, p_lifetime bigint, p_now timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_set uuid;
    v_tier uuid;
BEGIN
    IF p_account.tier_is_manual THEN
        RETURN;
    END IF;
    SELECT s.id INTO v_set FROM loyalty_milestoneset s
        WHERE s.business_id = p_account.business_id AND s.is_tier AND s.metric_id = p_metric;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT m.id INTO v_tier FROM loyalty_milestone m
        WHERE m.set_id = v_set AND m.threshold <= p_lifetime ORDER BY m.threshold DESC LIMIT 1;
    IF v_tier IS DISTINCT FROM p_account.tier_id THEN
        UPDATE loyalty_account SET tier_id = v_tier WHERE id = p_account.id;
        PERFORM laurel_tell(p_account.business_id, p_account.id, 'customers/tier_changed',
            jsonb_build_object('oldTierId', p_account.tier_id, 'newTierId', v_tier), p_now);
    END IF;
END $$;

-- Takes `p_amount` out of a locked account's ripe lots, soonest to expire first, `p_first` entry's own lot before all.
CREATE FUNCTION laurel_take_lots(p_entry loyalty_ledgerentry, p_amount bigint, p_first uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_taken bigint;
BEGIN
    WITH open AS (
        SELECT l.id, l.remaining,
            sum(l.remaining) OVER (ORDER BY (l.entry_id = p_first) DESC, l.expires_at, l.id) - l.remaining AS before
        FROM loyalty_lot l
        WHERE l.account_id = p_entry.account_id AND l.metric_id = p_entry.metric_id
            AND l.remaining > 0 AND l.ripens_at IS NULL
    ), taken AS (
        UPDATE loyalty_lot l SET remaining = l.remaining - least(o.remaining, p_amount - o.before)
        FROM open o WHERE l.id = o.id AND o.before < p_amount
        RETURNING l.id, least(o.remaining, p_amount - o.before) AS amount
    ), used AS (
        INSERT INTO loyalty_lotuse (id, business_id, entry_id, lot_id, amount)
        SELECT laurel_uuid7(p_entry.occurred_at), p_entry.business_id, p_entry.id, t.id, t.amount FROM taken t
        RETURNING amount
    )
    SELECT coalesce(sum(amount), 0) INTO v_taken FROM used;
    IF v_taken <> p_amount THEN
        RAISE EXCEPTION 'lots of account % give % of %', p_entry.account_id, v_taken, p_amount;
    END IF;
END $$;

-- Lets due lots of a locked account ripen and expire. Answers how many lots it settled.
CREATE FUNCTION laurel_settle_lots(p_account loyalty_account, p_now timestamptz, p_wall timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_lot record;
    v_balance loyalty_balance;
    v_entry loyalty_ledgerentry;
    v_settled integer := 0;
BEGIN
    FOR v_lot IN
        SELECT l.*, m.key FROM loyalty_lot l JOIN loyalty_metric m ON m.id = l.metric_id
        WHERE l.account_id = p_account.id AND l.remaining > 0 AND l.ripens_at <= p_now ORDER BY l.ripens_at, l.id
    LOOP
        UPDATE loyalty_lot SET ripens_at = NULL WHERE id = v_lot.id;
        UPDATE loyalty_balance SET pending = pending - v_lot.remaining, amount = amount + v_lot.remaining,
            lifetime_earned = lifetime_earned + v_lot.remaining
            WHERE account_id = p_account.id AND metric_id = v_lot.metric_id RETURNING * INTO v_balance;
        PERFORM laurel_tell(p_account.business_id, p_account.id, 'points/earned', jsonb_build_object(
            'action', 'ripening', 'entryId', v_lot.entry_id, 'metric', v_lot.key, 'amount', v_lot.remaining,
            'balance', v_balance.amount, 'ruleId', NULL), p_now);
        PERFORM laurel_settle_tier(p_account, v_lot.metric_id, v_balance.lifetime_earned, p_now);
        SELECT * INTO p_account FROM loyalty_account WHERE id = p_account.id;
        v_settled := v_settled + 1;
    END LOOP;
    FOR v_lot IN
        SELECT l.*, m.key FROM loyalty_lot l JOIN loyalty_metric m ON m.id = l.metric_id
        WHERE l.account_id = p_account.id AND l.remaining > 0 AND l.ripens_at IS NULL AND l.expires_at <= p_now
        ORDER BY l.expires_at, l.id
    LOOP
        UPDATE loyalty_lot SET remaining = 0 WHERE id = v_lot.id;
        UPDATE loyalty_balance SET amount = amount - v_lot.remaining
            WHERE account_id = p_account.id AND metric_id = v_lot.metric_id RETURNING * INTO v_balance;
        v_entry.id := laurel_uuid7(p_now);
        v_entry.business_id := p_account.business_id;
        v_entry.account_id := p_account.id;
        v_entry.metric_id := v_lot.metric_id;
        v_entry.type := 'expire';
        v_entry.amount := -v_lot.remaining;
        v_entry.balance_after := v_balance.amount;
        v_entry.source_type := 'expiry';
        v_entry.source_id := v_entry.id::text;
        v_entry.reason := jsonb_build_object('lotId', v_lot.id, 'expiresAt', v_lot.expires_at);
        v_entry.occurred_at := p_now;
        v_entry.recorded_at := p_wall;
        INSERT INTO loyalty_lotuse (id, business_id, entry_id, lot_id, amount)
            VALUES (laurel_uuid7(p_now), v_entry.business_id, v_entry.id, v_lot.id, v_lot.remaining);
        PERFORM laurel_enter(v_entry, v_lot.key, 'points/expired', '{"action": "expiry"}', '');
        v_settled := v_settled + 1;
    END LOOP;
    RETURN v_settled;
END $$;

CREATE FUNCTION laurel_settle(p_business uuid, p_account uuid, p_wall timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_account loyalty_account := laurel_lock(p_business, p_account);
BEGIN
    RETURN laurel_settle_lots(v_account, laurel_now(v_account, p_wall), p_wall);
END $$;

-- Gives points: balance, lot, entry, event and idempotency row in one statement.
CREATE FUNCTION laurel_award(
    p_business uuid, p_account uuid, p_metric text, p_type text, p_amount bigint, p_source_type text, p_source_id text,
    p_rule_id uuid, p_rule_version integer, p_reason jsonb, p_description text, p_topic text, p_facts jsonb,
    p_wall timestamptz, p_expires_at timestamptz, p_ripens_at timestamptz, p_limit bigint,
    p_scope uuid, p_key text, p_fingerprint bytea
) RETURNS laurel_posting LANGUAGE plpgsql AS $$
DECLARE
    v_claim record;
    v_account loyalty_account;
    v_metric loyalty_metric;
    v_balance loyalty_balance;
    v_entry loyalty_ledgerentry;
    v_posting laurel_posting;
    v_now timestamptz;
    v_ripe bigint;
    v_earned bigint;
    v_limit bigint;
BEGIN
    SELECT * INTO v_claim FROM laurel_claim_key(p_scope, p_key, p_fingerprint);
    IF v_claim.entry_id IS NOT NULL AND v_claim.outcome = 'replay' THEN
        RETURN laurel_posting_of('replay', v_claim.entry_id);
    ELSIF v_claim.outcome <> 'new' THEN
        RETURN laurel_refusal(v_claim.outcome, v_claim.refusal);
    END IF;

    v_account := laurel_lock(p_business, p_account);
    IF v_account.id IS NULL THEN
        RETURN laurel_refusal('no_account', NULL);
    ELSIF v_account.status <> 'active' THEN
        RETURN laurel_refusal('not_active', NULL);
    END IF;
    SELECT * INTO v_metric FROM loyalty_metric WHERE business_id = p_business AND key = p_metric;
    IF NOT FOUND THEN
        RETURN laurel_refusal('no_metric', NULL);
    END IF;
    IF laurel_is_posted(p_business, p_source_type, p_source_id, p_type) THEN
        RETURN laurel_refusal('posted_before', NULL);
    END IF;
    v_now := laurel_now(v_account, p_wall);
    v_ripe := CASE WHEN p_ripens_at > v_now THEN 0 ELSE p_amount END;
    v_earned := CASE WHEN p_type = 'earn' THEN v_ripe ELSE 0 END;
    v_limit := least(coalesce(v_metric.maximum, p_limit), p_limit);

    INSERT INTO loyalty_balance AS b
        (id, business_id, account_id, metric_id, amount, pending, lifetime_earned, lifetime_spent, floor)
        SELECT laurel_uuid7(v_now), p_business, p_account, v_metric.id, v_ripe, p_amount - v_ripe, v_earned, 0,
            v_metric.minimum
        WHERE p_amount <= v_limit
        ON CONFLICT (account_id, metric_id) DO UPDATE SET
            amount = b.amount + excluded.amount, pending = b.pending + excluded.pending,
            lifetime_earned = b.lifetime_earned + excluded.lifetime_earned
        WHERE b.amount + b.pending + p_amount <= v_limit
        RETURNING * INTO v_balance;
    IF NOT FOUND THEN
        v_posting := laurel_refusal('over_limit', jsonb_build_object('outcome', 'over_limit', 'limit', v_limit));
        PERFORM laurel_keep_key(p_business, p_scope, p_key, p_fingerprint, NULL, v_posting.details, p_wall);
        RETURN v_posting;
    END IF;

    v_entry.id := laurel_uuid7(v_now);
    v_entry.business_id := p_business;
    v_entry.account_id := p_account;
    v_entry.metric_id := v_metric.id;
    v_entry.type := p_type;
    v_entry.amount := p_amount;
    v_entry.balance_after := v_balance.amount;
    v_entry.source_type := p_source_type;
    v_entry.source_id := coalesce(p_source_id, v_entry.id::text);
    v_entry.rule_id := p_rule_id;
    v_entry.rule_version := p_rule_version;
    v_entry.reason := p_reason;
    v_entry.occurred_at := v_now;
    v_entry.recorded_at := p_wall;
    v_posting := laurel_enter(
        v_entry, p_metric, CASE WHEN v_ripe = 0 THEN 'points/pending' ELSE p_topic END, p_facts, p_description);
    INSERT INTO loyalty_lot (id, business_id, account_id, metric_id, entry_id, amount, remaining, expires_at, ripens_at)
        VALUES (laurel_uuid7(v_now), p_business, p_account, v_metric.id, v_entry.id, p_amount, p_amount, p_expires_at,
            CASE WHEN v_ripe = 0 THEN p_ripens_at END);
    PERFORM laurel_settle_tier(v_account, v_metric.id, v_balance.lifetime_earned, v_now);
    PERFORM laurel_keep_key(p_business, p_scope, p_key, p_fingerprint, v_entry.id, NULL, p_wall);
    RETURN v_posting;
END $$;

-- Takes points: what is due is settled first, then the soonest to expire goes first.
CREATE FUNCTION laurel_spend(
    p_business uuid, p_account uuid, p_metric text, p_type text, p_amount bigint, p_source_type text, p_source_id text,
    p_reason jsonb, p_description text, p_topic text, p_facts jsonb, p_wall timestamptz,
    p_scope uuid, p_key text, p_fingerprint bytea
) RETURNS laurel_posting LANGUAGE plpgsql AS $$
DECLARE
    v_claim record;
    v_account loyalty_account;
    v_metric loyalty_metric;
    v_balance loyalty_balance;
    v_entry loyalty_ledgerentry;
    v_posting laurel_posting;
    v_now timestamptz;
BEGIN
    SELECT * INTO v_claim FROM laurel_claim_key(p_scope, p_key, p_fingerprint);
    IF v_claim.entry_id IS NOT NULL AND v_claim.outcome = 'replay' THEN
        RETURN laurel_posting_of('replay', v_claim.entry_id);
    ELSIF v_claim.outcome <> 'new' THEN
        RETURN laurel_refusal(v_claim.outcome, v_claim.refusal);
    END IF;

    v_account := laurel_lock(p_business, p_account);
    IF v_account.id IS NULL THEN
        RETURN laurel_refusal('no_account', NULL);
    ELSIF v_account.status <> 'active' THEN
        RETURN laurel_refusal('not_active', NULL);
    END IF;
    SELECT * INTO v_metric FROM loyalty_metric WHERE business_id = p_business AND key = p_metric;
    IF NOT FOUND THEN
        RETURN laurel_refusal('no_metric', NULL);
    END IF;
    IF laurel_is_posted(p_business, p_source_type, p_source_id, p_type) THEN
        RETURN laurel_refusal('posted_before', NULL);
    END IF;
    v_now := laurel_now(v_account, p_wall);
    PERFORM laurel_settle_lots(v_account, v_now, p_wall);

    UPDATE loyalty_balance SET amount = amount - p_amount,
        lifetime_spent = lifetime_spent + CASE WHEN p_type = 'spend' THEN p_amount ELSE 0 END
        WHERE account_id = p_account AND metric_id = v_metric.id AND amount - p_amount >= greatest(floor, 0)
        RETURNING * INTO v_balance;
    IF NOT FOUND THEN
        SELECT * INTO v_balance FROM loyalty_balance WHERE account_id = p_account AND metric_id = v_metric.id;
        v_posting := laurel_refusal('insufficient', jsonb_build_object(
            'outcome', 'insufficient', 'balance', coalesce(v_balance.amount, 0), 'needed', p_amount));
        PERFORM laurel_keep_key(p_business, p_scope, p_key, p_fingerprint, NULL, v_posting.details, p_wall);
        RETURN v_posting;
    END IF;

    v_entry.id := laurel_uuid7(v_now);
    v_entry.business_id := p_business;
    v_entry.account_id := p_account;
    v_entry.metric_id := v_metric.id;
    v_entry.type := p_type;
    v_entry.amount := -p_amount;
    v_entry.balance_after := v_balance.amount;
    v_entry.source_type := p_source_type;
    v_entry.source_id := coalesce(p_source_id, v_entry.id::text);
    v_entry.reason := p_reason;
    v_entry.occurred_at := v_now;
    v_entry.recorded_at := p_wall;
    PERFORM laurel_take_lots(v_entry, p_amount, NULL);
    v_posting := laurel_enter(v_entry, p_metric, p_topic, p_facts, p_description);
    PERFORM laurel_keep_key(p_business, p_scope, p_key, p_fingerprint, v_entry.id, NULL, p_wall);
    RETURN v_posting;
END $$;

-- Undoes an entry, once: what a spend took goes back to the same lots; what an earning gave is taken again.
CREATE FUNCTION laurel_reverse(
    p_business uuid, p_entry uuid, p_reason jsonb, p_description text, p_facts jsonb, p_wall timestamptz
) RETURNS laurel_posting LANGUAGE plpgsql AS $$
DECLARE
    v_original loyalty_ledgerentry;
    v_account loyalty_account;
    v_balance loyalty_balance;
    v_entry loyalty_ledgerentry;
    v_metric text;
    v_pending bigint;
    v_now timestamptz;
BEGIN
    SELECT * INTO v_original FROM loyalty_ledgerentry WHERE id = p_entry AND business_id = p_business;
    IF NOT FOUND THEN
        RETURN laurel_refusal('no_entry', NULL);
    END IF;
    v_account := laurel_lock(p_business, v_original.account_id);
    IF v_original.type = 'reverse' OR EXISTS (SELECT FROM loyalty_ledgerentry WHERE reverses_id = p_entry) THEN
        RETURN laurel_refusal('reversed_before', NULL);
    END IF;
    SELECT key INTO v_metric FROM loyalty_metric WHERE id = v_original.metric_id;
    v_now := laurel_now(v_account, p_wall);

    v_entry.id := laurel_uuid7(v_now);
    v_entry.business_id := p_business;
    v_entry.account_id := v_original.account_id;
    v_entry.metric_id := v_original.metric_id;
    v_entry.type := 'reverse';
    v_entry.amount := -v_original.amount;
    v_entry.source_type := 'entry';
    v_entry.source_id := p_entry::text;
    v_entry.rule_id := v_original.rule_id;
    v_entry.rule_version := v_original.rule_version;
    v_entry.reason := p_reason;
    v_entry.reverses_id := p_entry;
    v_entry.occurred_at := v_now;
    v_entry.recorded_at := p_wall;

    IF v_original.amount < 0 THEN
        UPDATE loyalty_lot l SET remaining = l.remaining + u.amount
            FROM loyalty_lotuse u WHERE u.entry_id = p_entry AND l.id = u.lot_id;
        UPDATE loyalty_balance SET amount = amount + v_entry.amount,
            lifetime_spent = lifetime_spent - CASE WHEN v_original.type = 'spend' THEN v_entry.amount ELSE 0 END
            WHERE account_id = v_original.account_id AND metric_id = v_original.metric_id RETURNING * INTO v_balance;
    ELSE
        UPDATE loyalty_lot SET remaining = 0, ripens_at = NULL
            WHERE entry_id = p_entry AND ripens_at IS NOT NULL RETURNING amount INTO v_pending;
        v_pending := coalesce(v_pending, 0);
        UPDATE loyalty_balance SET amount = amount + v_entry.amount + v_pending, pending = pending - v_pending,
            lifetime_earned = lifetime_earned
                - CASE WHEN v_original.type = 'earn' THEN v_original.amount - v_pending ELSE 0 END
            WHERE account_id = v_original.account_id AND metric_id = v_original.metric_id
                AND amount + v_entry.amount + v_pending >= greatest(floor, 0)
            RETURNING * INTO v_balance;
        IF NOT FOUND THEN
            SELECT * INTO v_balance FROM loyalty_balance
                WHERE account_id = v_original.account_id AND metric_id = v_original.metric_id;
            RETURN laurel_refusal('insufficient', jsonb_build_object(
                'outcome', 'insufficient', 'balance', v_balance.amount, 'needed', v_original.amount));
        END IF;
        PERFORM laurel_take_lots(v_entry, v_original.amount - v_pending, p_entry);
        PERFORM laurel_settle_tier(v_account, v_original.metric_id, v_balance.lifetime_earned, v_now);
    END IF;
    v_entry.balance_after := v_balance.amount;
    RETURN laurel_enter(v_entry, v_metric, 'points/reversed', p_facts, p_description);
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
