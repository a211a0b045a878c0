-- Many postings in one statement: every account is locked first, in the order of ids, so that two batches over the same
-- people wait for each other instead of for ever. Each item is answered by itself; a refused one leaves nothing.

CREATE FUNCTION laurel_lock_accounts(p_business uuid, p_accounts uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM loyalty_account WHERE business_id = p_business AND id = ANY (p_accounts)
        ORDER BY id FOR NO KEY UPDATE;
END $$;

-- Awards and deducts, in the order given. An item is what the parameters of `laurel_award` say, a key's scope being the
-- business; a negative amount is an adjustment.
CREATE FUNCTION laurel_batch(p_business uuid, p_items jsonb, p_wall timestamptz, p_limit bigint)
RETURNS SETOF laurel_posting LANGUAGE plpgsql AS $$
DECLARE
    v_item record;
BEGIN
    PERFORM laurel_lock_accounts(p_business,
        ARRAY(SELECT (item ->> 'account')::uuid FROM jsonb_array_elements(p_items) item));
    FOR v_item IN
        SELECT i.*, decode(i.fingerprint, 'hex') AS print
        FROM ROWS FROM (jsonb_to_recordset(p_items) AS (account uuid, metric text, amount bigint, source_type text,
            source_id text, rule_id uuid, rule_version integer, reason jsonb, description text, facts jsonb,
            expires timestamptz, ripens timestamptz, key text, fingerprint text))
            WITH ORDINALITY AS i(account, metric, amount, source_type, source_id, rule_id, rule_version, reason,
                description, facts, expires, ripens, key, fingerprint, number)
        ORDER BY i.number
    LOOP
        IF v_item.amount > 0 THEN
            RETURN NEXT laurel_award(p_business, v_item.account, v_item.metric, 'earn', v_item.amount,
                v_item.source_type, v_item.source_id, v_item.rule_id, v_item.rule_version, v_item.reason,
                v_item.description, 'points/earned', v_item.facts, p_wall, v_item.expires, v_item.ripens, p_limit,
                p_business, v_item.key, v_item.print);
        ELSE
            RETURN NEXT laurel_spend(p_business, v_item.account, v_item.metric, 'adjust', -v_item.amount,
                v_item.source_type, v_item.source_id, v_item.reason, v_item.description, 'points/adjusted',
                v_item.facts, p_wall, p_business, v_item.key, v_item.print);
        END IF;
    END LOOP;
END $$;

-- Writes events of locked accounts, as `laurel_tell` writes one: in the order given, each account's under its next
-- numbers. An item is {business, account, topic, facts}.
CREATE FUNCTION laurel_tell_all(p_items jsonb, p_now timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH items AS (
        SELECT i.*, row_number() OVER (PARTITION BY i.account ORDER BY i.number) AS place,
            count(*) OVER (PARTITION BY i.account) AS places
        FROM ROWS FROM (jsonb_to_recordset(p_items) AS (business uuid, account uuid, topic text, facts jsonb))
            WITH ORDINALITY AS i(business, account, topic, facts, number)
    ), numbered AS (
        UPDATE loyalty_account a
            SET event_sequence = a.event_sequence + i.places, last_event_at = greatest(p_now, a.last_event_at)
            FROM items i WHERE i.place = 1 AND a.id = i.account AND a.business_id = i.business
            RETURNING a.id, a.event_sequence - i.places AS before, a.last_event_at
    )
    INSERT INTO loyalty_event (id, business_id, account_id, sequence, topic, facts, created_at)
        SELECT laurel_uuid7(n.last_event_at), i.business, i.account, n.before + i.place, i.topic, i.facts,
            n.last_event_at
        FROM items i JOIN numbered n ON n.id = i.account;
END $$;

-- Undoes entries, each by one compensating entry, in the order given; null where there is no entry.
CREATE FUNCTION laurel_batch_undo(p_business uuid, p_entries uuid[], p_facts jsonb, p_wall timestamptz)
RETURNS SETOF laurel_posting LANGUAGE plpgsql AS $$
DECLARE
    v_entry uuid;
BEGIN
    PERFORM laurel_lock_accounts(p_business, ARRAY(SELECT account_id FROM loyalty_ledgerentry
        WHERE business_id = p_business AND id = ANY (p_entries)));
    FOREACH v_entry IN ARRAY p_entries LOOP
        RETURN NEXT laurel_reverse(p_business, v_entry, '{}', '', p_facts, p_wall);
    END LOOP;
END $$;
