-- Nobody is brought by somebody whom they brought themselves, through however many others. Asked when a transaction
-- commits, so that a merge may move codes and friends in any order; one at a time in a business, so that two that commit
-- at once see each other.
CREATE FUNCTION referrals_refuse_circle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('referrals' || NEW.business_id, 0));
    IF EXISTS (
        WITH RECURSIVE line AS (
            SELECT r.friend_id AS lowest, c.advocate_id AS above FROM referrals_referral r
            JOIN referrals_referralcode c ON c.id = r.code_id
            WHERE NOT r.is_cut AND r.business_id = NEW.business_id AND CASE TG_TABLE_NAME
                WHEN 'referrals_referral' THEN r.id = NEW.id ELSE c.id = NEW.id END
            UNION
            SELECT l.lowest, c.advocate_id FROM line l
            JOIN referrals_referral r ON r.friend_id = l.above AND r.business_id = NEW.business_id AND NOT r.is_cut
            JOIN referrals_referralcode c ON c.id = r.code_id
        )
        SELECT FROM line WHERE above = lowest
    ) THEN
        RAISE EXCEPTION 'somebody would have brought themselves' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER nobody_brings_themselves AFTER INSERT OR UPDATE ON referrals_referral
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NOT NEW.is_cut) EXECUTE FUNCTION referrals_refuse_circle();
CREATE CONSTRAINT TRIGGER nobody_brings_themselves AFTER UPDATE OF advocate_id ON referrals_referralcode
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.advocate_id <> NEW.advocate_id)
    EXECUTE FUNCTION referrals_refuse_circle();
