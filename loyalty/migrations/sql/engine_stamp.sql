-- No action or progress under another business than its person.
ALTER TABLE loyalty_action ADD CONSTRAINT action_of_its_business
    FOREIGN KEY (account_id, business_id) REFERENCES loyalty_account (id, business_id);
ALTER TABLE loyalty_taskprogress
    ADD CONSTRAINT task_progress_person_of_its_business
        FOREIGN KEY (account_id, business_id) REFERENCES loyalty_account (id, business_id),
    ADD CONSTRAINT task_progress_quest_of_its_business
        FOREIGN KEY (quest_id, business_id) REFERENCES loyalty_quest (id, business_id);

-- Whatever the engine compiles moves the stamp of its business when it changes, by whichever door. Stamps come from a
-- sequence: one that was rolled back never stands for something else later.
CREATE SEQUENCE loyalty_engine_stamp START 2;

CREATE FUNCTION laurel_move_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE loyalty_business SET engine_stamp = nextval('loyalty_engine_stamp')
        WHERE id IN (SELECT DISTINCT business_id FROM changed);
    RETURN NULL;
END $$;

DO $$
DECLARE
    v_table text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['quest', 'task', 'milestone', 'eventtype'] LOOP
        EXECUTE format('CREATE TRIGGER moves_the_stamp_when_made AFTER INSERT ON loyalty_%s
            REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION laurel_move_stamp()', v_table);
        EXECUTE format('CREATE TRIGGER moves_the_stamp_when_changed AFTER UPDATE ON loyalty_%s
            REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION laurel_move_stamp()', v_table);
        EXECUTE format('CREATE TRIGGER moves_the_stamp_when_removed AFTER DELETE ON loyalty_%s
            REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION laurel_move_stamp()', v_table);
    END LOOP;
END $$;
