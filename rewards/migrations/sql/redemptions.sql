-- Writes a redemption of a locked account with its news, as `laurel_tell_all` takes them, and takes it out of stock.
-- Answers whether enough was left. Everyone who wants a popular reward waits for its row, so that lock comes last.
CREATE FUNCTION laurel_place_redemption(p_redemption jsonb, p_news jsonb, p_now timestamptz) RETURNS boolean
LANGUAGE plpgsql SET enable_seqscan TO off AS $$
DECLARE
    v_new rewards_redemption := jsonb_populate_record(NULL::rewards_redemption, p_redemption);
BEGIN
    INSERT INTO rewards_redemption VALUES (v_new.*);
    PERFORM laurel_tell_all(p_news, p_now);
    UPDATE rewards_reward SET taken = taken + v_new.quantity
        WHERE id = v_new.reward_id AND business_id = v_new.business_id
            AND (stock IS NULL OR stock >= taken + v_new.quantity);
    RETURN FOUND;
END $$;

-- Spends, and places what is paid for, all at once: parameters as those of `laurel_spend`, whose posting it answers. Raises
-- LA002, and leaves nothing, where that is not simply done: not enough points or stock, or another stamp of the engine,
-- so that something may listen that nobody would tell.
CREATE FUNCTION laurel_redeem(
    p_business uuid, p_account uuid, p_metric text, p_type text, p_amount bigint, p_source_type text, p_source_id text,
    p_reason jsonb, p_description text, p_topic text, p_facts jsonb, p_wall timestamptz,
    p_scope uuid, p_key text, p_fingerprint bytea, p_redemption jsonb, p_news jsonb, p_stamp bigint
) RETURNS laurel_posting LANGUAGE plpgsql SET enable_seqscan TO off AS $$
DECLARE
    v_posting laurel_posting := laurel_spend(p_business, p_account, p_metric, p_type, p_amount, p_source_type,
        p_source_id, p_reason, p_description, p_topic, p_facts, p_wall, p_scope, p_key, p_fingerprint);
BEGIN
    IF v_posting.outcome IN ('replay', 'busy', 'mismatch') THEN
        RETURN v_posting;
    END IF;
    IF v_posting.outcome <> 'done'
        OR NOT EXISTS (SELECT FROM loyalty_business WHERE id = p_business AND engine_stamp = p_stamp)
        OR NOT laurel_place_redemption(p_redemption || jsonb_build_object('entry_id', v_posting.id,
            'created_at', v_posting.occurred_at, 'updated_at', v_posting.occurred_at), p_news, v_posting.occurred_at)
    THEN
        RAISE EXCEPTION 'not to be redeemed at once' USING ERRCODE = 'LA002';
    END IF;
    RETURN v_posting;
END $$;
