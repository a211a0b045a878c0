-- Writes and tells that a person whose account is locked has done a step of a quest, and completes the quest with it if
-- enough steps of the version are done and it is not completed yet. Answers whether it did. `p_done` is {step, whole,
-- quest, period, at, claimed_at, facts, task, key, version, required}: the ids of both completions, the moment of what did
-- it, and facts that say which quest. News of a person never goes back in time.
CREATE FUNCTION laurel_finish(p_business uuid, p_account uuid, p_done jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    d record;
    v_is_last boolean;
BEGIN
    SELECT * INTO d FROM jsonb_to_record(p_done) AS (step uuid, whole uuid, quest uuid, period text, at timestamptz,
        claimed_at timestamptz, facts jsonb, task uuid, key text, version uuid, required integer);
    v_is_last := NOT EXISTS (
            SELECT FROM loyalty_questcompletion WHERE business_id = p_business AND account_id = p_account
                AND quest_id = d.quest AND period = d.period)
        AND (SELECT count(c.id) + 1 >= coalesce(d.required, count(*))
            FROM loyalty_task t LEFT JOIN loyalty_taskcompletion c ON c.business_id = p_business
                AND c.account_id = p_account AND c.quest_id = d.quest AND c.period = d.period AND c.task_key = t.key
            WHERE t.version_id = d.version);
    INSERT INTO loyalty_taskcompletion (id, business_id, account_id, quest_id, period, completed_at, claimed_at, task_id,
        task_key) VALUES (d.step, p_business, p_account, d.quest, d.period, d.at, d.claimed_at, d.task, d.key);
    IF v_is_last THEN
        INSERT INTO loyalty_questcompletion (id, business_id, account_id, quest_id, period, completed_at, claimed_at,
            version_id, last_task_id)
            VALUES (d.whole, p_business, p_account, d.quest, d.period, d.at, d.claimed_at, d.version, d.step);
    END IF;
    WITH numbered AS (
        UPDATE loyalty_account SET event_sequence = event_sequence + CASE WHEN v_is_last THEN 2 ELSE 1 END,
            last_event_at = greatest(d.at, last_event_at)
        WHERE id = p_account RETURNING event_sequence - CASE WHEN v_is_last THEN 1 ELSE 0 END AS first, last_event_at AS at
    )
    INSERT INTO loyalty_event (id, business_id, account_id, sequence, topic, facts, created_at)
        SELECT laurel_uuid7(at), p_business, p_account, first, 'tasks/completed',
            d.facts || jsonb_build_object('completionId', d.step, 'taskId', d.task, 'taskKey', d.key), at FROM numbered
        UNION ALL
        SELECT laurel_uuid7(at), p_business, p_account, first + 1, 'quests/completed',
            d.facts || jsonb_build_object('completionId', d.whole), at FROM numbered WHERE v_is_last;
    RETURN v_is_last;
END $$;

-- Gives a person what `p_gifts`, items as `laurel_award_all` takes them, hold. Answers how many points that was. Where one
-- is more than there is room for, or cannot be given, nothing is, and somebody else has to look.
CREATE FUNCTION laurel_give(p_business uuid, p_account uuid, p_gifts jsonb, p_wall timestamptz, p_limit bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    g record;
    v_posting laurel_posting;
    v_points bigint := 0;
BEGIN
    FOR g IN SELECT * FROM jsonb_to_recordset(p_gifts) AS (metric text, amount bigint, source_type text, source_id text,
        rule_id uuid, rule_version integer, reason jsonb, description text, facts jsonb)
    LOOP
        v_posting := laurel_award(p_business, p_account, g.metric, 'earn', g.amount, g.source_type, g.source_id, g.rule_id,
            g.rule_version, g.reason, g.description, 'points/earned', g.facts, p_wall, NULL, NULL, p_limit, NULL, NULL,
            NULL);
        IF v_posting.outcome <> 'done' THEN
            RAISE EXCEPTION 'not to be given at once' USING ERRCODE = 'LA002';
        END IF;
        v_points := v_points + CASE WHEN g.metric = 'points' THEN g.amount ELSE 0 END;
    END LOOP;
    RETURN v_points;
END $$;

-- How far an event brought the one step that it moves, unless that was done before.
CREATE TYPE laurel_strode AS (is_moved boolean, value numeric, is_done boolean, is_last boolean, points bigint);

-- Takes in an event that moves one step by one: person, progress, what that completes and gives, the event itself. Its
-- caller goes by what it knew of the programme and its clock. Where that is not so any more, or more follows than one
-- statement can do, nothing happens: null, or an error. `p_event` is {stamp, zone, at, wall, limit, id, name, event_id,
-- origin, data, quest, period, key, day, target, progress}; `p_done`, as `laurel_finish` takes it with `step_gifts` and
-- `whole_gifts`, is null where completing the step takes more.
CREATE FUNCTION laurel_stride(p_business uuid, p_account uuid, p_event jsonb, p_done jsonb) RETURNS laurel_strode
LANGUAGE plpgsql SET enable_seqscan TO off AS $$
DECLARE
    e record;
    v_value numeric;
    v_is_moved boolean;
    v_is_done boolean;
    v_is_last boolean := false;
    v_points bigint := 0;
BEGIN
    SELECT * INTO e FROM jsonb_to_record(p_event) AS (stamp bigint, zone text, at timestamptz, wall timestamptz,
        "limit" bigint, id uuid, name text, event_id text, origin text, data jsonb, quest uuid, period text, key text,
        day date, target bigint, progress uuid);
    PERFORM FROM loyalty_account a JOIN loyalty_business b ON b.id = a.business_id
        WHERE a.id = p_account AND a.business_id = p_business AND a.status = 'active' AND b.engine_stamp = e.stamp
            AND b.timezone = e.zone AND greatest(e.wall + b.clock_offset, a.last_event_at) = e.at
        FOR NO KEY UPDATE OF a;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    SELECT value INTO v_value FROM loyalty_taskprogress WHERE business_id = p_business AND account_id = p_account
        AND quest_id = e.quest AND period = e.period AND task_key = e.key;
    v_is_moved := NOT EXISTS (
        SELECT FROM loyalty_taskcompletion WHERE business_id = p_business AND account_id = p_account
            AND quest_id = e.quest AND period = e.period AND task_key = e.key);
    v_value := least(coalesce(v_value, 0) + CASE WHEN v_is_moved THEN 1 ELSE 0 END, 9007199254740992);
    v_is_done := v_is_moved AND v_value >= e.target;
    IF v_is_done AND p_done IS NULL THEN
        RETURN NULL;
    END IF;
    IF v_is_moved THEN
        INSERT INTO loyalty_taskprogress (id, business_id, account_id, quest_id, period, task_key, value, last_day)
            VALUES (e.progress, p_business, p_account, e.quest, e.period, e.key, v_value, e.day)
            ON CONFLICT (business_id, account_id, quest_id, period, task_key)
                DO UPDATE SET value = excluded.value, last_day = excluded.last_day;
    END IF;
    IF v_is_done THEN
        v_is_last := laurel_finish(p_business, p_account, p_done);
        v_points := laurel_give(p_business, p_account, p_done -> 'step_gifts', e.wall, e."limit");
        IF v_is_last THEN
            v_points := v_points + laurel_give(p_business, p_account, p_done -> 'whole_gifts', e.wall, e."limit");
        END IF;
        PERFORM laurel_moves(true);
    END IF;
    INSERT INTO loyalty_action (id, business_id, account_id, name, event_id, origin, outcome, data, occurred_at)
        VALUES (e.id, p_business, p_account, e.name, e.event_id, e.origin, 'matched', e.data, e.at)
        ON CONFLICT (business_id, event_id) WHERE event_id IS NOT NULL DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'taken in before' USING ERRCODE = 'LA002';
    END IF;
    RETURN ROW(v_is_moved, v_value, v_is_done, v_is_last, v_points)::laurel_strode;
END $$;
