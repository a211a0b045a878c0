-- No version, budget or use under another business than its rule and its person.
ALTER TABLE loyalty_earnruleversion ADD CONSTRAINT earn_rule_version_of_its_business
    FOREIGN KEY (rule_id, business_id) REFERENCES loyalty_earnrule (id, business_id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE loyalty_earnrulebudget ADD CONSTRAINT earn_rule_budget_of_its_business
    FOREIGN KEY (rule_id, business_id) REFERENCES loyalty_earnrule (id, business_id);
ALTER TABLE loyalty_earnruleuse
    ADD CONSTRAINT earn_rule_use_rule_of_its_business
        FOREIGN KEY (rule_id, business_id) REFERENCES loyalty_earnrule (id, business_id),
    ADD CONSTRAINT earn_rule_use_person_of_its_business
        FOREIGN KEY (account_id, business_id) REFERENCES loyalty_account (id, business_id);

-- Entries name a version: what it said then, it says for ever.
CREATE TRIGGER earn_rule_versions_are_kept BEFORE UPDATE OR DELETE ON loyalty_earnruleversion
    FOR EACH ROW EXECUTE FUNCTION laurel_refuse_rewrite();

-- The engine compiles rules. A version comes with a change of its rule, so the rule's own table is enough.
CREATE TRIGGER moves_the_stamp_when_made AFTER INSERT ON loyalty_earnrule
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION laurel_move_stamp();
CREATE TRIGGER moves_the_stamp_when_changed AFTER UPDATE ON loyalty_earnrule
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION laurel_move_stamp();
CREATE TRIGGER moves_the_stamp_when_removed AFTER DELETE ON loyalty_earnrule
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION laurel_move_stamp();
