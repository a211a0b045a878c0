-- No version, step or completion under another business than its quest and its person.
ALTER TABLE loyalty_questversion ADD CONSTRAINT quest_version_of_its_business
    FOREIGN KEY (quest_id, business_id) REFERENCES loyalty_quest (id, business_id);
ALTER TABLE loyalty_task ADD CONSTRAINT task_of_its_business
    FOREIGN KEY (version_id, business_id) REFERENCES loyalty_questversion (id, business_id);
ALTER TABLE loyalty_taskcompletion
    ADD CONSTRAINT task_completion_quest_of_its_business
        FOREIGN KEY (quest_id, business_id) REFERENCES loyalty_quest (id, business_id),
    ADD CONSTRAINT task_completion_person_of_its_business
        FOREIGN KEY (account_id, business_id) REFERENCES loyalty_account (id, business_id);
ALTER TABLE loyalty_questcompletion
    ADD CONSTRAINT quest_completion_quest_of_its_business
        FOREIGN KEY (quest_id, business_id) REFERENCES loyalty_quest (id, business_id),
    ADD CONSTRAINT quest_completion_person_of_its_business
        FOREIGN KEY (account_id, business_id) REFERENCES loyalty_account (id, business_id);
ALTER TABLE loyalty_submission
    ADD CONSTRAINT submission_quest_of_its_business
        FOREIGN KEY (quest_id, business_id) REFERENCES loyalty_quest (id, business_id),
    ADD CONSTRAINT submission_person_of_its_business
        FOREIGN KEY (account_id, business_id) REFERENCES loyalty_account (id, business_id);

-- Entries and completions name a version: what it said then, it says for ever.
CREATE FUNCTION laurel_refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is never rewritten: make a new version instead', TG_TABLE_NAME
        USING ERRCODE = 'check_violation';
END $$;

CREATE TRIGGER quest_versions_are_kept BEFORE UPDATE OR DELETE ON loyalty_questversion
    FOR EACH ROW EXECUTE FUNCTION laurel_refuse_rewrite();
CREATE TRIGGER tasks_are_kept BEFORE UPDATE OR DELETE ON loyalty_task
    FOR EACH ROW EXECUTE FUNCTION laurel_refuse_rewrite();
