-- What completes a quest, of a person whose account is locked: a step, and with the last one the quest. Each is written
-- and told in one statement. `p_at` is the moment of what did it; news of a person never goes back in time.

CREATE FUNCTION laurel_tell_done(p_account uuid, p_topic text, p_facts jsonb, p_at timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM laurel_tell(business_id, id, p_topic, p_facts, greatest(p_at, last_event_at))
        FROM loyalty_account WHERE id = p_account;
END $$;

CREATE FUNCTION laurel_finish_task(
    p_id uuid, p_business uuid, p_account uuid, p_quest uuid, p_period text, p_at timestamptz, p_claimed_at timestamptz,
    p_facts jsonb, p_task uuid, p_key text
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO loyalty_taskcompletion (id, business_id, account_id, quest_id, period, completed_at, claimed_at, task_id,
        task_key) VALUES (p_id, p_business, p_account, p_quest, p_period, p_at, p_claimed_at, p_task, p_key);
    PERFORM laurel_tell_done(p_account, 'tasks/completed', p_facts, p_at);
END $$;

-- Completes the quest if enough steps of the version are done, and it is not completed yet. Answers whether it did.
CREATE FUNCTION laurel_finish_quest(
    p_id uuid, p_business uuid, p_account uuid, p_quest uuid, p_period text, p_at timestamptz, p_claimed_at timestamptz,
    p_facts jsonb, p_version uuid, p_last uuid, p_required integer
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM loyalty_questcompletion WHERE business_id = p_business AND account_id = p_account
               AND quest_id = p_quest AND period = p_period)
        OR (SELECT count(c.id) < coalesce(p_required, count(*))
            FROM loyalty_task t LEFT JOIN loyalty_taskcompletion c ON c.business_id = p_business
                AND c.account_id = p_account AND c.quest_id = p_quest AND c.period = p_period AND c.task_key = t.key
            WHERE t.version_id = p_version)
    THEN
        RETURN false;
    END IF;
    INSERT INTO loyalty_questcompletion (id, business_id, account_id, quest_id, period, completed_at, claimed_at,
        version_id, last_task_id)
        VALUES (p_id, p_business, p_account, p_quest, p_period, p_at, p_claimed_at, p_version, p_last);
    PERFORM laurel_tell_done(p_account, 'quests/completed', p_facts, p_at);
    RETURN true;
END $$;
