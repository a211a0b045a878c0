-- No mapping hangs under another business than its person.
ALTER TABLE advocates_ssomapping ADD CONSTRAINT sso_mapping_of_its_business
    FOREIGN KEY (advocate_id, business_id) REFERENCES loyalty_account (id, business_id);

-- An external id means one person, be it their own or mapped to them. Mapping waits for those who are just joining.
CREATE FUNCTION laurel_external_id_is_free() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_lock bigint := hashtextextended('external ids of ' || NEW.business_id, 0);
    v_is_taken boolean;
BEGIN
    IF TG_TABLE_NAME = 'advocates_ssomapping' THEN
        PERFORM pg_advisory_xact_lock(v_lock);
        v_is_taken := EXISTS (SELECT FROM advocates_advocate
            WHERE business_id = NEW.business_id AND external_id = NEW.external_customer_id);
    ELSE
        PERFORM pg_advisory_xact_lock_shared(v_lock);
        v_is_taken := EXISTS (SELECT FROM advocates_ssomapping
            WHERE business_id = NEW.business_id AND external_customer_id = NEW.external_id);
    END IF;
    IF v_is_taken THEN
        RAISE unique_violation USING CONSTRAINT = 'one_person_per_external_id',
            MESSAGE = 'one_person_per_external_id: the id belongs to somebody of this business';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER external_id_is_nobodys_mapping BEFORE INSERT OR UPDATE OF external_id ON advocates_advocate
    FOR EACH ROW WHEN (NEW.external_id IS NOT NULL) EXECUTE FUNCTION laurel_external_id_is_free();
CREATE TRIGGER mapping_is_nobodys_external_id BEFORE INSERT OR UPDATE OF external_customer_id ON advocates_ssomapping
    FOR EACH ROW EXECUTE FUNCTION laurel_external_id_is_free();
