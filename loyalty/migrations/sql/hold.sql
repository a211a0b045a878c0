-- Hold to Earn. A point has 1,440,000 parts, so that a pool of so many points a day pours out whole parts each minute.
-- A minute is shared out at its end, over what everybody held then; the events of an account say what it held at any
-- moment, so minutes that were missed come out as if they had not been. Only `laurel_accrue` makes parts, and only
-- `laurel_post_accruals` turns them into points.

-- An accrual hangs on a person and a programme of one and the same business. Foreign keys would be asked one by one, and
-- lock every account: a programme's first minute, in which everybody's row is new, took twice as long with them.
CREATE FUNCTION laurel_check_accruals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM written w
        LEFT JOIN loyalty_account a ON a.id = w.account_id AND a.business_id = w.business_id
        LEFT JOIN loyalty_holdprogramme p ON p.id = w.programme_id AND p.business_id = w.business_id
        WHERE a.id IS NULL OR p.id IS NULL)
    THEN
        RAISE EXCEPTION 'accrual_of_its_business' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER accruals_are_of_their_business AFTER INSERT ON loyalty_holdaccrual
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION laurel_check_accruals();

CREATE FUNCTION laurel_check_accrual() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM loyalty_account a JOIN loyalty_holdprogramme p USING (business_id)
        WHERE a.id = NEW.account_id AND p.id = NEW.programme_id AND business_id = NEW.business_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'accrual_of_its_business' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER a_moved_accrual_is_of_its_business
    AFTER UPDATE OF account_id, programme_id, business_id ON loyalty_holdaccrual
    FOR EACH ROW EXECUTE FUNCTION laurel_check_accrual();
-- Every row changes every minute: room beside it keeps the indexes out of it.
ALTER TABLE loyalty_holdaccrual SET (fillfactor = 40, autovacuum_vacuum_scale_factor = 0.05);

-- The least that an account held of a metric from one moment until another one.
CREATE FUNCTION laurel_held(p_account uuid, p_metric text, p_from timestamptz, p_to timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT min(balance) FROM (
        SELECT coalesce((SELECT (e.facts ->> 'balance')::bigint FROM loyalty_event e
            WHERE e.account_id = p_account AND e.created_at <= p_from
                AND e.facts ->> 'metric' = p_metric AND e.facts ? 'balance'
            ORDER BY e.sequence DESC LIMIT 1), 0) AS balance
        UNION ALL
        SELECT (e.facts ->> 'balance')::bigint FROM loyalty_event e
            WHERE e.account_id = p_account AND e.created_at > p_from AND e.created_at <= p_to
                AND e.facts ->> 'metric' = p_metric AND e.facts ? 'balance'
    ) held);
END $$;

-- Who has a stake in a programme at a moment, and how much: the least that they held for the term before it. A plain
-- query, so that PostgreSQL unfolds it into its callers'. To whom nothing has happened since needs no look at events.
CREATE FUNCTION laurel_stakes(p_programme loyalty_holdprogramme, p_key text, p_at timestamptz)
RETURNS TABLE (account_id uuid, joined_at timestamptz, stake bigint) LANGUAGE sql STABLE AS $$
    SELECT a.id, a.created_at, held.stake
    FROM loyalty_balance b
    JOIN loyalty_account a ON a.id = b.account_id
    CROSS JOIN LATERAL (SELECT CASE WHEN a.last_event_at <= p_at - p_programme.term THEN b.amount
        ELSE laurel_held(a.id, p_key, p_at - p_programme.term, p_at) END AS stake OFFSET 0) held
    WHERE b.business_id = p_programme.business_id AND b.metric_id = p_programme.stake_id AND a.status = 'active'
        AND held.stake >= p_programme.minimum
        AND (p_programme.segment_keys = '{}' OR EXISTS (
            SELECT FROM loyalty_segmentmember m JOIN loyalty_segment s ON s.id = m.segment_id
            WHERE m.account_id = a.id AND s.key = ANY (p_programme.segment_keys) AND s.archived_at IS NULL))
$$;

-- When somebody's stake may be another one than at a moment: when a balance moves, and when that leaves the term.
CREATE FUNCTION laurel_next_stakes(p_programme loyalty_holdprogramme, p_key text, p_at timestamptz)
RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT min(CASE WHEN e.created_at > p_at THEN e.created_at ELSE e.created_at + p_programme.term END)
        FROM loyalty_account a JOIN loyalty_event e ON e.account_id = a.id
        WHERE a.business_id = p_programme.business_id AND a.last_event_at > p_at - p_programme.term
            AND e.created_at > p_at - p_programme.term AND e.facts ->> 'metric' = p_key AND e.facts ? 'balance');
END $$;

-- The last of the minutes from `p_first` on, and until `p_last`, in which stakes and pool are the same.
CREATE FUNCTION laurel_same_minutes(
    p_programme loyalty_holdprogramme, p_key text, p_first timestamptz, p_last timestamptz
) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_stakes timestamptz;
    v_feeds timestamptz;
BEGIN
    IF p_last <= p_first THEN  -- as nearly always
        RETURN p_last;
    END IF;
    v_stakes := laurel_next_stakes(p_programme, p_key, p_first) - interval '1 microsecond';
    SELECT min(edge) INTO v_feeds
        FROM loyalty_holdfeed f CROSS JOIN LATERAL (VALUES (f.starts_at), (f.starts_at + interval '1 day')) e(edge)
        WHERE f.programme_id = p_programme.id AND f.starts_at >= p_first - interval '1 day' AND edge >= p_first;
    RETURN greatest(p_first, least(p_last, date_trunc('minute', v_stakes), v_feeds));
END $$;

-- Shares a pool of parts out over all stakes, `p_minutes` times: each gets the whole parts that are theirs, and those
-- with the largest remainders one more, until nothing is left. Answers how many parts that was; null: nobody is there.
CREATE FUNCTION laurel_share_out(
    p_programme loyalty_holdprogramme, p_key text, p_at timestamptz, p_pool numeric, p_minutes bigint
) RETURNS numeric LANGUAGE plpgsql SET work_mem = '64MB' AS $$  -- a hundred thousand shares are sorted in it
DECLARE
    v_shared numeric;
BEGIN
    WITH stakes AS MATERIALIZED (
        SELECT s.account_id, p_pool * s.stake AS claim, sum(s.stake) OVER () AS total
        FROM laurel_stakes(p_programme, p_key, p_at) s
    ), shares AS (
        SELECT account_id, div(claim, total) AS share, claim % total AS rest FROM stakes
    ), whole AS (
        SELECT account_id, share, row_number() OVER (ORDER BY rest DESC, account_id) AS place,
            p_pool - sum(share) OVER () AS spare
        FROM shares
    ), due AS (
        SELECT account_id, (share + CASE WHEN place <= spare THEN 1 ELSE 0 END) * p_minutes AS parts FROM whole
    ), more AS (
        UPDATE loyalty_holdaccrual held SET parts = held.parts + d.parts
        FROM due d WHERE held.programme_id = p_programme.id AND held.account_id = d.account_id AND d.parts > 0
        RETURNING held.account_id
    ), fresh AS (
        INSERT INTO loyalty_holdaccrual AS held (id, business_id, programme_id, account_id, parts)
        SELECT laurel_uuid7(p_at), p_programme.business_id, p_programme.id, d.account_id, d.parts
            FROM due d LEFT JOIN more m USING (account_id) WHERE d.parts > 0 AND m.account_id IS NULL
        ON CONFLICT (account_id, programme_id) DO UPDATE SET parts = held.parts + excluded.parts  -- a merge was faster
    )
    SELECT sum(parts) INTO v_shared FROM due;
    RETURN v_shared;
END $$;

-- Gives a welcome to each newcomer who has a stake, once. Answers how many parts that was.
CREATE FUNCTION laurel_welcome(p_programme loyalty_holdprogramme, p_key text, p_at timestamptz) RETURNS numeric
LANGUAGE plpgsql AS $$
DECLARE
    v_shared numeric;
BEGIN
    WITH welcomed AS (
        INSERT INTO loyalty_holdaccrual (id, business_id, programme_id, account_id, parts)
        SELECT laurel_uuid7(p_at), p_programme.business_id, p_programme.id, s.account_id, p_programme.bonus * 1440000
            FROM laurel_stakes(p_programme, p_key, p_at) s WHERE s.joined_at >= p_programme.started_at
            ORDER BY s.account_id
        ON CONFLICT (account_id, programme_id) DO NOTHING
        RETURNING parts
    )
    SELECT coalesce(sum(parts), 0) INTO v_shared FROM welcomed;
    RETURN v_shared;
END $$;

-- What a programme pours out in each of the minutes that `p_first` begins: its pool, and what revenue brought.
CREATE FUNCTION laurel_pool(p_programme loyalty_holdprogramme, p_first timestamptz) RETURNS numeric
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN 1000 * (p_programme.per_day + coalesce((
        SELECT sum(points) FROM loyalty_holdfeed WHERE programme_id = p_programme.id
            AND starts_at < p_first AND starts_at >= p_first - interval '1 day'), 0));
END $$;

-- Shares out the next minutes of a programme in which nothing changes, one at least. What nobody was there for is kept
-- for the next minute in which somebody is. False when there is no minute to share out, or another worker is at it.
CREATE FUNCTION laurel_accrue(p_programme uuid, p_now timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_programme loyalty_holdprogramme;
    v_key text;
    v_first timestamptz;
    v_last timestamptz;
    v_minutes bigint;
    v_pool numeric;
    v_fresh numeric;
BEGIN
    SELECT * INTO v_programme FROM loyalty_holdprogramme WHERE id = p_programme FOR NO KEY UPDATE SKIP LOCKED;
    v_first := v_programme.accrued_until + interval '1 minute';
    IF v_first IS NULL OR v_first > p_now THEN
        RETURN false;
    END IF;
    SELECT key INTO v_key FROM loyalty_metric WHERE id = v_programme.stake_id;
    v_last := laurel_same_minutes(v_programme, v_key, v_first, date_trunc('minute', p_now));
    IF v_programme.kind = 'welcome' THEN
        v_fresh := laurel_welcome(v_programme, v_key, v_first);
    ELSE
        IF v_programme.kept > 0 AND EXISTS (SELECT FROM laurel_stakes(v_programme, v_key, v_first)) THEN
            v_last := v_first;  -- what was kept goes with one minute
        END IF;
        v_minutes := extract(epoch FROM v_last - v_programme.accrued_until) / 60;
        v_pool := laurel_pool(v_programme, v_first);
        v_fresh := v_pool * v_minutes;
        IF v_pool + v_programme.kept > 0 AND laurel_share_out(
            v_programme, v_key, v_first, v_pool + v_programme.kept, v_minutes) IS NOT NULL
        THEN
            v_programme.kept := 0;
        ELSE
            v_programme.kept := v_programme.kept + v_fresh;
        END IF;
    END IF;
    UPDATE loyalty_holdprogramme SET accrued_until = v_last, kept = v_programme.kept, poured = poured + v_fresh
        WHERE id = p_programme;
    RETURN true;
END $$;

-- What an account has accrued that is worth whole points and was not posted yet, by programme.
CREATE FUNCTION laurel_due_accruals(p_account uuid)
RETURNS TABLE (id uuid, programme_id uuid, due numeric, posted numeric) LANGUAGE sql STABLE AS $$
    SELECT h.id, h.programme_id, h.parts - coalesce(p.points, 0) * 1440000, coalesce(p.points, 0)
    FROM loyalty_holdaccrual h LEFT JOIN loyalty_holdposting p ON p.accrual_id = h.id
    WHERE h.account_id = p_account AND h.parts - coalesce(p.points, 0) * 1440000 >= 1440000
$$;

-- Posts what a locked account has accrued, whole points of it: one award for each programme. What there is no room for
-- waits. Only reads the accruals, which are locked for seconds while a minute is shared out among many: whoever waited
-- for one with another in hand could wait for each other in a circle. Answers how many awards that was.
CREATE FUNCTION laurel_post_accruals(p_start laurel_start, p_wall timestamptz) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_accrual record;
    v_posting laurel_posting;
    v_posted integer := 0;
BEGIN
    IF NOT EXISTS (SELECT FROM loyalty_holdaccrual WHERE account_id = p_start.account_id AND parts >= 1440000) THEN
        RETURN 0;  -- as of all who hold nothing: asked without opening a cursor
    END IF;
    FOR v_accrual IN
        SELECT d.*, p.key, m.key AS metric FROM laurel_due_accruals(p_start.account_id) d
        JOIN loyalty_holdprogramme p ON p.id = d.programme_id JOIN loyalty_metric m ON m.id = p.pays_id
        ORDER BY d.id
    LOOP
        v_posting := laurel_award(p_start.business_id, p_start.account_id, v_accrual.metric, 'earn',
            least(div(v_accrual.due, 1440000), 1000000000000)::bigint, 'hold', v_accrual.id || ':' || v_accrual.posted,
            NULL, NULL, jsonb_build_object('programme', v_accrual.key, 'parts', v_accrual.due), '', 'points/earned',
            jsonb_build_object('action', 'hold', 'programme', v_accrual.key), p_wall, NULL, NULL, 9007199254740991,
            NULL, NULL, NULL, true);
        CONTINUE WHEN v_posting.id IS NULL;
        INSERT INTO loyalty_holdposting AS so_far (id, business_id, accrual_id, points)
            VALUES (laurel_uuid7(p_wall), p_start.business_id, v_accrual.id, v_posting.amount)
            ON CONFLICT (accrual_id) DO UPDATE SET points = so_far.points + excluded.points;
        v_posted := v_posted + 1;
    END LOOP;
    RETURN v_posted;
END $$;

-- Posts for those of the accounts that nobody is busy with; the others are left for the next round.
CREATE FUNCTION laurel_post_all_accruals(p_business uuid, p_accounts uuid[], p_wall timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_account uuid;
    v_posted integer := 0;
BEGIN
    p_accounts := ARRAY(SELECT id FROM loyalty_account WHERE business_id = p_business AND id = ANY (p_accounts)
        ORDER BY id FOR NO KEY UPDATE SKIP LOCKED);
    FOREACH v_account IN ARRAY p_accounts LOOP
        v_posted := v_posted
            + laurel_post_accruals(laurel_lock(p_business, v_account, NULL, p_wall), p_wall);
    END LOOP;
    RETURN v_posted;
END $$;
