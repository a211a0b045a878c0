-- Writes and tells that a person whose account is locked has done a step of a quest, and completes the quest with it if
-- enough steps of the version are done and it is not completed yet. Answers whether it did. `p_done` is {step, whole,
-- period, at, step_facts, whole_facts}: the ids of both completions, and what is told of them. News of a person never goes
-- back in time. `p_terms` are {quest, task, key, version, required, auto_claim}.
CREATE FUNCTION laurel_finish(p_business uuid, p_account uuid, p_done jsonb, p_terms jsonb) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    d record;
    t record;
    v_is_last boolean;
    v_claimed_at timestamptz;
    v_first bigint;
    v_at timestamptz;
BEGIN
    SELECT * INTO d FROM jsonb_to_record(p_done) AS (
        step uuid, whole uuid, period text, at timestamptz, step_facts jsonb, whole_facts jsonb);
    SELECT * INTO t FROM jsonb_to_record(p_terms) AS (
        quest uuid, task uuid, key text, version uuid, required integer, auto_claim boolean);
    v_claimed_at := CASE WHEN t.auto_claim THEN d.at END;
    v_is_last := NOT EXISTS (
            SELECT FROM loyalty_questcompletion WHERE business_id = p_business AND account_id = p_account
                AND quest_id = t.quest AND period = d.period)
        AND (SELECT count(c.id) + 1 >= coalesce(t.required, count(*))
            FROM loyalty_task s LEFT JOIN loyalty_taskcompletion c ON c.business_id = p_business
                AND c.account_id = p_account AND c.quest_id = t.quest AND c.period = d.period AND c.task_key = s.key
            WHERE s.version_id = t.version);
    UPDATE loyalty_account SET event_sequence = event_sequence + CASE WHEN v_is_last THEN 2 ELSE 1 END,
        last_event_at = greatest(d.at, last_event_at)
        WHERE id = p_account
        RETURNING event_sequence - CASE WHEN v_is_last THEN 1 ELSE 0 END, last_event_at INTO v_first, v_at;
    INSERT INTO loyalty_taskcompletion (id, business_id, account_id, quest_id, period, completed_at, claimed_at, task_id,
        task_key) VALUES (d.step, p_business, p_account, t.quest, d.period, d.at, v_claimed_at, t.task, t.key);
    INSERT INTO loyalty_event (id, business_id, account_id, sequence, topic, facts, created_at)
        VALUES (laurel_uuid7(v_at), p_business, p_account, v_first, 'tasks/completed', d.step_facts, v_at);
    IF v_is_last THEN
        INSERT INTO loyalty_questcompletion (id, business_id, account_id, quest_id, period, completed_at, claimed_at,
            version_id, last_task_id)
            VALUES (d.whole, p_business, p_account, t.quest, d.period, d.at, v_claimed_at, t.version, d.step);
        INSERT INTO loyalty_event (id, business_id, account_id, sequence, topic, facts, created_at)
            VALUES (laurel_uuid7(v_at), p_business, p_account, v_first + 1, 'quests/completed', d.whole_facts, v_at);
    END IF;
    RETURN v_is_last;
END $$;

-- Gives a person what a completion promised: items as `laurel_award_all` takes them, whose source and reason are its own.
-- Answers how many points that was. Where there is no room for one, or it cannot be given, nothing is: somebody else has
-- to look at it.
CREATE FUNCTION laurel_give(
    p_business uuid, p_account uuid, p_completion uuid, p_reason jsonb, p_gifts jsonb, p_wall timestamptz, p_limit bigint
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    g record;
    v_posting laurel_posting;
    v_points bigint := 0;
BEGIN
    IF p_gifts = '[]' THEN
        RETURN 0;
    END IF;
    FOR g IN SELECT * FROM ROWS FROM (jsonb_to_recordset(p_gifts) AS (metric text, amount bigint, source_type text,
        rule_id uuid, rule_version integer, description text, facts jsonb)) WITH ORDINALITY AS t(metric, amount,
        source_type, rule_id, rule_version, description, facts, number)
    LOOP
        v_posting := laurel_award(p_business, p_account, g.metric, 'earn', g.amount, g.source_type,
            p_completion || ':' || g.number - 1, g.rule_id, g.rule_version, p_reason, g.description, 'points/earned',
            g.facts, p_wall, NULL, NULL, p_limit, NULL, NULL, NULL, p_is_new => true);
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
-- origin, data, quest, key, day, target, progress, reason} and what `laurel_finish` asks of what is done; `p_terms`, as it
-- takes them, have `step_gifts` and `whole_gifts`, and are null where completing the step takes more.
CREATE FUNCTION laurel_stride(p_business uuid, p_account uuid, p_event jsonb, p_terms jsonb) RETURNS laurel_strode
LANGUAGE plpgsql SET enable_seqscan TO off AS $$
DECLARE
    e record;
    v_strode laurel_strode := ROW(NULL, NULL, false, false, 0);
    v_moves jsonb;  -- always null, or an error: an assignment is cheaper than PERFORM, which runs a query
BEGIN
    SELECT * INTO e FROM jsonb_to_record(p_event) AS (stamp bigint, zone text, at timestamptz, wall timestamptz,
        "limit" bigint, id uuid, name text, event_id text, origin text, data jsonb, quest uuid, period text, key text,
        day date, target bigint, progress uuid, reason jsonb, step uuid, whole uuid);
    PERFORM FROM loyalty_account a JOIN loyalty_business b ON b.id = a.business_id
        WHERE a.id = p_account AND a.business_id = p_business AND a.status = 'active' AND b.engine_stamp = e.stamp
            AND b.timezone = e.zone AND greatest(e.wall + b.clock_offset, a.last_event_at) = e.at
        FOR NO KEY UPDATE OF a;
    IF NOT FOUND OR e.event_id IS NOT NULL AND EXISTS (
        SELECT FROM loyalty_action WHERE business_id = p_business AND event_id = e.event_id)
    THEN
        RETURN NULL;
    END IF;
    SELECT NOT EXISTS (
            SELECT FROM loyalty_taskcompletion WHERE business_id = p_business AND account_id = p_account
                AND quest_id = e.quest AND period = e.period AND task_key = e.key),
        coalesce((SELECT value FROM loyalty_taskprogress WHERE business_id = p_business AND account_id = p_account
                AND quest_id = e.quest AND period = e.period AND task_key = e.key), 0)
        INTO v_strode.is_moved, v_strode.value;
    IF v_strode.is_moved THEN
        v_strode.value := least(v_strode.value + 1, 9007199254740992);
        v_strode.is_done := v_strode.value >= e.target;
        IF v_strode.is_done AND p_terms IS NULL THEN
            RETURN NULL;
        END IF;
        INSERT INTO loyalty_taskprogress (id, business_id, account_id, quest_id, period, task_key, value, last_day)
            VALUES (e.progress, p_business, p_account, e.quest, e.period, e.key, v_strode.value, e.day)
            ON CONFLICT (business_id, account_id, quest_id, period, task_key)
                DO UPDATE SET value = excluded.value, last_day = excluded.last_day;
    END IF;
    IF v_strode.is_done THEN
        v_strode.is_last := laurel_finish(p_business, p_account, p_event, p_terms);
        v_strode.points := laurel_give(p_business, p_account, e.step, e.reason, p_terms -> 'step_gifts', e.wall, e."limit");
        IF v_strode.is_last THEN
            v_strode.points := v_strode.points
                + laurel_give(p_business, p_account, e.whole, e.reason, p_terms -> 'whole_gifts', e.wall, e."limit");
        END IF;
        v_moves := laurel_moves(true);
    END IF;
    INSERT INTO loyalty_action (id, business_id, account_id, name, event_id, origin, outcome, data, occurred_at)
        VALUES (e.id, p_business, p_account, e.name, e.event_id, e.origin, 'matched', e.data, e.at)
        ON CONFLICT (business_id, event_id) WHERE event_id IS NOT NULL DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'taken in meanwhile' USING ERRCODE = 'LA002';
    END IF;
    RETURN v_strode;
END $$;
