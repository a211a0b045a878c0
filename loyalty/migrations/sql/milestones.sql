-- Ladders: where people stand, why they move, and when a period ends. `laurel_ladders` alone says what a basis means.
-- Whoever changes a number that a ladder goes by calls `laurel_climb` under the account's lock. Who moved is remembered
-- for the rest of the transaction; `laurel_moves` tells it to whoever made the call.

ALTER TABLE loyalty_climb ADD CONSTRAINT climb_of_its_business
    FOREIGN KEY (account_id, business_id) REFERENCES loyalty_account (id, business_id);
ALTER TABLE loyalty_arrival ADD CONSTRAINT arrival_of_its_business
    FOREIGN KEY (account_id, business_id) REFERENCES loyalty_account (id, business_id);

-- The engine compiles which bases are in use.
CREATE TRIGGER moves_the_stamp_when_made AFTER INSERT ON loyalty_milestoneset
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION laurel_move_stamp();
CREATE TRIGGER moves_the_stamp_when_changed AFTER UPDATE ON loyalty_milestoneset
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION laurel_move_stamp();
CREATE TRIGGER moves_the_stamp_when_removed AFTER DELETE ON loyalty_milestoneset
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION laurel_move_stamp();

-- One person on one ladder: what counts, where they stand, and what they have reached. `driven_by` is the metric whose
-- movements change the value; null where other things do.
CREATE TYPE laurel_ladder AS (
    business_id uuid, account_id uuid, set_id uuid, is_tier boolean, is_manual boolean, driven_by uuid, basis text,
    downgrade text, months integer, starts text, period_from timestamptz, period_to timestamptz, value bigint,
    held_id uuid, earned_id uuid
);

-- What few ladders ask for is a function of its own: a plan is only made ready for what it names.
CREATE FUNCTION laurel_tasks_done(p_business uuid, p_account uuid) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT count(*) FROM loyalty_taskcompletion WHERE business_id = p_business AND account_id = p_account);
END $$;

-- Where everybody starts on a ladder; null, where its lowest step takes something.
CREATE FUNCTION laurel_first_step(p_set uuid) RETURNS uuid LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT id FROM loyalty_milestone WHERE set_id = p_set AND threshold = 0 AND archived_at IS NULL);
END $$;

-- What a balance counts for on a ladder that goes by points; `p_base` is what was earned before its present period.
CREATE FUNCTION laurel_counted(p_basis text, p_amount bigint, p_earned bigint, p_spent bigint, p_base bigint)
RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT greatest(0, CASE p_basis
        WHEN 'balance' THEN p_amount
        WHEN 'lifetimeEarned' THEN p_earned
        WHEN 'periodEarned' THEN p_earned - coalesce(p_base, 0)
        WHEN 'spent' THEN p_spent
    END)
$$;

-- All ladders of a person. A plain query, so that PostgreSQL unfolds it into its callers', also for many people.
CREATE FUNCTION laurel_ladders(p_account uuid) RETURNS SETOF laurel_ladder LANGUAGE sql STABLE AS $$
    SELECT s.business_id, a.id, s.id, s.is_tier, s.is_tier AND a.tier_is_manual,
        CASE WHEN s.basis NOT IN ('orders', 'tasks') THEN s.metric_id END,
        s.basis::text, s.downgrade::text, s.period_months::integer, s.period_start::text, c.period_from, c.period_to,
        v.value,
        CASE WHEN s.is_tier THEN a.tier_id
            WHEN c.id IS NOT NULL THEN c.milestone_id
            ELSE laurel_first_step(s.id) END,
        (SELECT m.id FROM loyalty_milestone m
            WHERE m.set_id = s.id AND m.archived_at IS NULL AND m.threshold <= v.value
            ORDER BY m.threshold DESC LIMIT 1)
    FROM loyalty_account a
    JOIN loyalty_milestoneset s ON s.business_id = a.business_id AND s.archived_at IS NULL
    LEFT JOIN loyalty_climb c ON c.account_id = a.id AND c.set_id = s.id
    LEFT JOIN loyalty_balance b ON b.account_id = a.id AND b.metric_id = s.metric_id
    CROSS JOIN LATERAL (SELECT CASE s.basis
        WHEN 'orders' THEN a.order_count
        WHEN 'tasks' THEN laurel_tasks_done(a.business_id, a.id)
        ELSE laurel_counted(s.basis, b.amount, b.lifetime_earned, b.lifetime_spent, c.base)
    END AS value) v
    WHERE a.id = p_account
$$;

-- What a step takes; less than everything where somebody stands on none.
CREATE FUNCTION laurel_threshold(p_milestone uuid) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce((SELECT threshold FROM loyalty_milestone WHERE id = p_milestone), -1);
END $$;

-- The period of a ladder that a moment lies in, by the calendar of a time zone: so many whole months, counted from the
-- day of joining, or from January.
CREATE FUNCTION laurel_period(
    p_joined timestamptz, p_starts text, p_months integer, p_zone text, p_at timestamptz,
    OUT begins timestamptz, OUT ends timestamptz
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_anchor date := CASE p_starts WHEN 'join' THEN (p_joined AT TIME ZONE p_zone)::date ELSE DATE '2000-01-01' END;
    v_day date := (p_at AT TIME ZONE p_zone)::date;
    v_months integer := (extract(year FROM v_day) - extract(year FROM v_anchor)) * 12
        + extract(month FROM v_day) - extract(month FROM v_anchor);
    v_number integer := v_months / p_months;
BEGIN
    IF v_anchor + make_interval(months => v_number * p_months) > v_day THEN  -- later in the month
        v_number := v_number - 1;
    END IF;
    begins := (v_anchor + make_interval(months => v_number * p_months)) AT TIME ZONE p_zone;
    ends := (v_anchor + make_interval(months => (v_number + 1) * p_months)) AT TIME ZONE p_zone;
END $$;

-- Puts somebody on a step and tells of it. `p_cause`: earned, period, manual, or ladder; the last is told to no receiver.
CREATE FUNCTION laurel_move(p_start laurel_start, p_ladder laurel_ladder, p_to uuid, p_cause text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_noun text := CASE WHEN p_ladder.is_tier THEN 'Tier' ELSE 'Milestone' END;
    v_topic text := CASE WHEN p_ladder.is_tier THEN 'customers/tier_changed' ELSE 'customers/milestone_changed' END;
    v_old loyalty_milestone;
    v_new loyalty_milestone;
    v_is_up boolean;
    v_facts jsonb;
BEGIN
    SELECT * INTO v_old FROM loyalty_milestone WHERE id = p_ladder.held_id;
    SELECT * INTO v_new FROM loyalty_milestone WHERE id = p_to;
    v_is_up := coalesce(v_new.threshold, -1) > coalesce(v_old.threshold, -1);
    IF p_ladder.is_tier THEN
        UPDATE loyalty_account SET tier_id = p_to WHERE id = p_ladder.account_id;
    ELSE
        INSERT INTO loyalty_climb (id, business_id, account_id, set_id, milestone_id, base)
            VALUES (laurel_uuid7(p_start.now), p_ladder.business_id, p_ladder.account_id, p_ladder.set_id, p_to, 0)
            ON CONFLICT (account_id, set_id) DO UPDATE SET milestone_id = p_to;
    END IF;
    v_facts := jsonb_build_object('old' || v_noun || 'Id', v_old.id, 'new' || v_noun || 'Id', v_new.id)
        || jsonb_strip_nulls(jsonb_build_object(
            'set', (SELECT key FROM loyalty_milestoneset WHERE id = p_ladder.set_id),
            'before', v_old.key, 'milestone', v_new.key, 'direction', CASE WHEN v_is_up THEN 'up' ELSE 'down' END,
            'cause', p_cause, 'basis', p_ladder.basis, 'value', p_ladder.value,
            'threshold', CASE WHEN v_is_up THEN v_new.threshold ELSE v_old.threshold END,
            'downgrade', p_ladder.downgrade, 'periodFrom', p_ladder.period_from, 'periodTo', p_ladder.period_to));
    PERFORM laurel_tell(p_ladder.business_id, p_ladder.account_id, v_topic, v_facts, p_start.now);
    IF p_cause <> 'ladder' THEN
        PERFORM laurel_moved(p_ladder.account_id, v_topic, v_facts);
    END IF;
END $$;

-- Remembers that somebody moved on a ladder, or a stamp card, until `laurel_moves` tells it.
CREATE FUNCTION laurel_moved(p_account uuid, p_topic text, p_facts jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('laurel.moves', (coalesce(nullif(current_setting('laurel.moves', true), ''), '[]')::jsonb
        || jsonb_build_object('account', p_account, 'topic', p_topic, 'facts', p_facts))::text, true);
END $$;

-- Who moved in this transaction since it was last asked; null if nobody did. `p_alone`: nobody could follow it up in the
-- same transaction, so that the call must be made again in one where somebody can.
CREATE FUNCTION laurel_moves(p_alone boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_moves text := nullif(current_setting('laurel.moves', true), '');
BEGIN
    IF v_moves IS NULL THEN
        RETURN NULL;
    END IF;
    IF p_alone THEN
        RAISE EXCEPTION 'somebody moved on a ladder, or a stamp card' USING ERRCODE = 'LA001';
    END IF;
    PERFORM set_config('laurel.moves', '', true);
    RETURN v_moves::jsonb;
END $$;

-- Begins the period of a ladder that the moment lies in: what is earned from now on counts for it.
CREATE FUNCTION laurel_begin_period(p_start laurel_start, p_ladder laurel_ladder, p_base bigint) RETURNS laurel_ladder
LANGUAGE plpgsql AS $$
BEGIN
    SELECT p.begins, p.ends INTO p_ladder.period_from, p_ladder.period_to
        FROM loyalty_account a JOIN loyalty_business b ON b.id = a.business_id
        CROSS JOIN LATERAL laurel_period(a.created_at, p_ladder.starts, p_ladder.months, b.timezone, p_start.now) p
        WHERE a.id = p_ladder.account_id;
    INSERT INTO loyalty_climb
        (id, business_id, account_id, set_id, milestone_id, base, period_from, period_to)
        VALUES (laurel_uuid7(p_start.now), p_ladder.business_id, p_ladder.account_id, p_ladder.set_id,
            CASE WHEN NOT p_ladder.is_tier THEN p_ladder.held_id END, p_base, p_ladder.period_from, p_ladder.period_to)
        ON CONFLICT (account_id, set_id) DO UPDATE SET
            base = excluded.base, period_from = excluded.period_from, period_to = excluded.period_to;
    UPDATE loyalty_account SET climbs_due_at = least(climbs_due_at, p_ladder.period_to)
        WHERE id = p_ladder.account_id;
    RETURN p_ladder;
END $$;

-- What somebody has earned of the metric of a ladder: all that a period which begins now does not count.
CREATE FUNCTION laurel_earned_before(p_ladder laurel_ladder) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT b.lifetime_earned FROM loyalty_milestoneset s
        JOIN loyalty_balance b ON b.account_id = p_ladder.account_id AND b.metric_id = s.metric_id
        WHERE s.id = p_ladder.set_id), 0)
$$;

-- Whether a locked account may have to follow a ladder that this balance drives: what each posting asks, and nearly always
-- no. Where somebody stands on tiers without periods is in `p_start`; other ladders have to be looked at.
CREATE FUNCTION laurel_may_climb(p_start laurel_start, p_balance loyalty_balance) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM loyalty_milestoneset s
        WHERE s.business_id = p_start.business_id AND s.archived_at IS NULL AND s.metric_id = p_balance.metric_id
            AND s.basis NOT IN ('orders', 'tasks')
            AND (NOT s.is_tier OR s.period_months IS NOT NULL OR p_start.tier_id IS DISTINCT FROM (
                SELECT m.id FROM loyalty_milestone m
                WHERE m.set_id = s.id AND m.archived_at IS NULL AND m.threshold <= laurel_counted(
                    s.basis, p_balance.amount, p_balance.lifetime_earned, p_balance.lifetime_spent, NULL)
                ORDER BY m.threshold DESC LIMIT 1)));
END $$;

-- Lets a locked account follow the ladders that a metric drives; of null, those that other things do. Up at once; down
-- at once only where no period says when.
CREATE FUNCTION laurel_climb(p_start laurel_start, p_metric uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_ladder laurel_ladder;
BEGIN
    IF p_start.status NOT IN ('active', 'blocked') OR NOT EXISTS (
        SELECT FROM laurel_ladders(p_start.account_id) l
        WHERE l.driven_by IS NOT DISTINCT FROM p_metric
            AND (l.earned_id IS DISTINCT FROM l.held_id OR l.months IS NOT NULL AND l.period_to IS NULL))
    THEN
        RETURN;  -- as nearly always: asked without opening a cursor
    END IF;
    FOR v_ladder IN
        SELECT l.* FROM laurel_ladders(p_start.account_id) l
        WHERE l.driven_by IS NOT DISTINCT FROM p_metric
            AND (l.earned_id IS DISTINCT FROM l.held_id OR l.months IS NOT NULL AND l.period_to IS NULL)
    LOOP
        IF v_ladder.months IS NOT NULL AND v_ladder.period_to IS NULL THEN
            v_ladder := laurel_begin_period(p_start, v_ladder, 0);  -- the first of who joined since the ladder is there
        END IF;
        CONTINUE WHEN v_ladder.is_manual OR v_ladder.earned_id IS NOT DISTINCT FROM v_ladder.held_id;
        IF laurel_threshold(v_ladder.earned_id) > laurel_threshold(v_ladder.held_id)
            OR v_ladder.months IS NULL AND v_ladder.downgrade = 'toEarned'
        THEN
            PERFORM laurel_move(p_start, v_ladder, v_ladder.earned_id, 'earned');
        END IF;
    END LOOP;
END $$;

-- Ends a period of a ladder: whoever has not reached their step again goes down as the ladder says.
CREATE FUNCTION laurel_end_period(p_start laurel_start, p_ladder laurel_ladder) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_to uuid := p_ladder.held_id;
    v_held bigint := laurel_threshold(p_ladder.held_id);
BEGIN
    IF laurel_threshold(p_ladder.earned_id) < v_held AND NOT p_ladder.is_manual THEN
        CASE p_ladder.downgrade
            WHEN 'toEarned' THEN
                v_to := p_ladder.earned_id;
            WHEN 'oneStep' THEN
                v_to := (SELECT m.id FROM loyalty_milestone m
                    WHERE m.set_id = p_ladder.set_id AND m.archived_at IS NULL AND m.threshold < v_held
                    ORDER BY m.threshold DESC LIMIT 1);
            ELSE  -- never
        END CASE;
    END IF;
    IF v_to IS DISTINCT FROM p_ladder.held_id THEN
        PERFORM laurel_move(p_start, p_ladder, v_to, 'period');
        p_ladder.held_id := v_to;
    END IF;
    PERFORM laurel_begin_period(p_start, p_ladder, laurel_earned_before(p_ladder));
END $$;

-- Ends all periods of a locked account that are over, one after the other, each with what had ripened and not expired by
-- then.
CREATE FUNCTION laurel_turn(p_start laurel_start, p_wall timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_then laurel_start := p_start;
    v_due timestamptz;
    v_ladder laurel_ladder;
BEGIN
    LOOP
        SELECT min(l.period_to) INTO v_due FROM laurel_ladders(p_start.account_id) l WHERE l.months IS NOT NULL;
        EXIT WHEN v_due IS NULL OR v_due > p_start.now;
        SELECT greatest(v_due, last_event_at) INTO v_then.now FROM loyalty_account WHERE id = p_start.account_id;
        PERFORM laurel_settle_lots(v_then, p_wall, p_warns => false);
        FOR v_ladder IN
            SELECT l.* FROM laurel_ladders(p_start.account_id) l WHERE l.months IS NOT NULL AND l.period_to <= v_due
        LOOP
            PERFORM laurel_end_period(v_then, v_ladder);
        END LOOP;
    END LOOP;
    UPDATE loyalty_account SET climbs_due_at = v_due WHERE id = p_start.account_id;
END $$;

-- Lets an account follow all its ladders: after a merge, and when something else than points was counted.
CREATE FUNCTION laurel_climb_everywhere(p_business uuid, p_account uuid, p_wall timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_start laurel_start := laurel_lock(p_business, p_account, NULL, p_wall);
BEGIN
    PERFORM laurel_climb(v_start, d.driven_by) FROM (SELECT DISTINCT l.driven_by FROM laurel_ladders(p_account) l) d;
END $$;

-- Counts orders of somebody, or no longer counts them. False when the business has no such account.
CREATE FUNCTION laurel_count_orders(p_business uuid, p_account uuid, p_orders bigint, p_wall timestamptz)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_start laurel_start := laurel_lock(p_business, p_account, NULL, p_wall);
BEGIN
    UPDATE loyalty_account SET order_count = greatest(0, order_count + p_orders) WHERE id = v_start.account_id;
    PERFORM laurel_climb(v_start, NULL);
    RETURN v_start.account_id IS NOT NULL;
END $$;

-- Puts somebody on a tier by hand, to stay there; without one, back to what they have earned.
CREATE FUNCTION laurel_set_tier(p_business uuid, p_account uuid, p_tier uuid, p_wall timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_start laurel_start := laurel_lock(p_business, p_account, NULL, p_wall);
    v_ladder laurel_ladder;
    v_to uuid;
BEGIN
    UPDATE loyalty_account SET tier_is_manual = p_tier IS NOT NULL WHERE id = p_account;
    SELECT l.* INTO v_ladder FROM laurel_ladders(p_account) l WHERE l.is_tier;
    v_to := coalesce(p_tier, v_ladder.earned_id);
    IF v_to IS DISTINCT FROM v_ladder.held_id THEN
        PERFORM laurel_move(v_start, v_ladder, v_to, CASE WHEN p_tier IS NULL THEN 'earned' ELSE 'manual' END);
    END IF;
END $$;

-- Who does not stand where a changed ladder puts them, or has no period of it yet. Nobody falls by it who could not fall
-- now anyway: where periods or `never` hold somebody, the highest step that is not above theirs does; also where they
-- stood on it while the ladder was the tiers, and it is not any more, or the other way round.
CREATE FUNCTION laurel_misplaced(p_business uuid) RETURNS TABLE (ladder laurel_ladder, target_id uuid)
LANGUAGE sql STABLE AS $$
    SELECT l.ladder, CASE WHEN (l.ladder).is_manual AND h.archived_at IS NULL AND h.set_id = (l.ladder).set_id
        THEN h.id ELSE t.id END
    FROM loyalty_account a
    CROSS JOIN LATERAL (SELECT one AS ladder FROM laurel_ladders(a.id) one) l
    LEFT JOIN loyalty_milestone h ON h.id = (l.ladder).held_id
    LEFT JOIN loyalty_climb c ON c.account_id = a.id AND c.set_id = (l.ladder).set_id
    LEFT JOIN LATERAL (SELECT max(m.threshold) AS threshold FROM loyalty_milestone m
        WHERE m.set_id = (l.ladder).set_id AND m.id IN ((l.ladder).held_id, a.tier_id, c.milestone_id)) stood ON true
    LEFT JOIN LATERAL (SELECT m.id FROM loyalty_milestone m
        WHERE m.set_id = (l.ladder).set_id AND m.archived_at IS NULL AND m.threshold <= greatest((l.ladder).value,
            CASE WHEN (l.ladder).months IS NOT NULL OR (l.ladder).downgrade = 'never' THEN stood.threshold END)
        ORDER BY m.threshold DESC LIMIT 1) t ON true
    WHERE a.business_id = p_business AND a.status IN ('active', 'blocked')
$$;

-- Who stands on a tier although the programme has none any more.
CREATE FUNCTION laurel_stranded(p_business uuid) RETURNS TABLE (account_id uuid, tier_id uuid, set_id uuid)
LANGUAGE sql STABLE AS $$
    SELECT a.id, a.tier_id, h.set_id FROM loyalty_account a JOIN loyalty_milestone h ON h.id = a.tier_id
    WHERE a.business_id = p_business AND a.status IN ('active', 'blocked') AND NOT EXISTS (
        SELECT FROM loyalty_milestoneset s WHERE s.business_id = p_business AND s.is_tier AND s.archived_at IS NULL)
$$;

-- Moves everyone to where the ladders put them, after those have changed. Answers how many moves that took. Periods that
-- are missing begin first: what was earned before does not count for them.
CREATE FUNCTION laurel_settle_ladders(p_business uuid, p_wall timestamptz) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_one record;
    v_moved integer := 0;
BEGIN
    PERFORM laurel_lock(p_business, someone.account_id, NULL, p_wall) FROM (
        SELECT (w.ladder).account_id FROM laurel_misplaced(p_business) w
        WHERE w.target_id IS DISTINCT FROM (w.ladder).held_id
            OR (w.ladder).months IS NOT NULL AND (w.ladder).period_to IS NULL
        UNION SELECT s.account_id FROM laurel_stranded(p_business) s
        ORDER BY 1
    ) someone;
    PERFORM laurel_begin_period(
            laurel_lock(p_business, (w.ladder).account_id, NULL, p_wall), w.ladder, laurel_earned_before(w.ladder))
        FROM laurel_misplaced(p_business) w WHERE (w.ladder).months IS NOT NULL AND (w.ladder).period_to IS NULL;
    FOR v_one IN
        SELECT w.ladder, w.target_id FROM laurel_misplaced(p_business) w
        WHERE w.target_id IS DISTINCT FROM (w.ladder).held_id
        UNION ALL
        SELECT ROW(p_business, s.account_id, s.set_id, true, false, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
            s.tier_id, NULL)::laurel_ladder, NULL FROM laurel_stranded(p_business) s
    LOOP
        UPDATE loyalty_account SET tier_is_manual = false
            WHERE id = (v_one.ladder).account_id AND (v_one.ladder).is_tier;
        PERFORM laurel_move(laurel_lock(p_business, (v_one.ladder).account_id, NULL, p_wall), v_one.ladder,
            v_one.target_id, 'ladder');
        v_moved := v_moved + 1;
    END LOOP;
    UPDATE loyalty_climb c SET milestone_id = NULL FROM loyalty_milestoneset s  -- on the tiers, their accounts say it
        WHERE s.id = c.set_id AND s.business_id = p_business AND s.is_tier AND s.archived_at IS NULL
            AND c.milestone_id IS NOT NULL;
    RETURN v_moved;
END $$;

-- What a merge's target counts from now on: the source's orders, and what either earned before its present period. The
-- source keeps its own numbers, for the day when it is its own person again.
CREATE FUNCTION laurel_merge_climbs(p_merge uuid, p_wall timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_merge loyalty_merge;
    v_to laurel_start;
BEGIN
    SELECT * INTO v_merge FROM loyalty_merge WHERE id = p_merge;
    PERFORM laurel_lock(v_merge.business_id, v_merge.source_id, NULL, p_wall);
    v_to := laurel_lock(v_merge.business_id, v_merge.target_id, NULL, p_wall);
    UPDATE loyalty_account a SET order_count = a.order_count + source.order_count FROM loyalty_account source
        WHERE a.id = v_merge.target_id AND source.id = v_merge.source_id;
    PERFORM laurel_begin_period(v_to, l, 0) FROM laurel_ladders(v_merge.target_id) l
        WHERE l.months IS NOT NULL AND l.period_to IS NULL;
    UPDATE loyalty_climb c SET base = c.base + source.base FROM loyalty_climb source
        WHERE c.account_id = v_merge.target_id AND source.account_id = v_merge.source_id AND source.set_id = c.set_id;
END $$;

-- Undoes `laurel_merge_climbs`. Where a period of the target began since, all that the source had earned lies before it.
CREATE FUNCTION laurel_unmerge_climbs(p_merge uuid, p_wall timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_merge loyalty_merge;
BEGIN
    SELECT * INTO v_merge FROM loyalty_merge WHERE id = p_merge;
    PERFORM laurel_lock(v_merge.business_id, v_merge.target_id, NULL, p_wall);
    UPDATE loyalty_account a SET order_count = greatest(0, a.order_count - source.order_count)
        FROM loyalty_account source WHERE a.id = v_merge.target_id AND source.id = v_merge.source_id;
    UPDATE loyalty_climb c SET base = c.base - CASE WHEN c.period_from <= v_merge.created_at
            THEN coalesce(source.base, 0) ELSE coalesce(moved.earned, 0) END
        FROM loyalty_milestoneset s
        LEFT JOIN loyalty_climb source ON source.set_id = s.id AND source.account_id = v_merge.source_id
        LEFT JOIN loyalty_movedlifetime moved ON moved.merge_id = p_merge AND moved.metric_id = s.metric_id
        WHERE c.account_id = v_merge.target_id AND c.set_id = s.id AND c.period_to IS NOT NULL;
END $$;
