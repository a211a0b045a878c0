-- No stamp card or what it brought under another business than its metric and its person.
ALTER TABLE loyalty_stampcard ADD CONSTRAINT stamp_card_metric_of_its_business
    FOREIGN KEY (metric_id, business_id) REFERENCES loyalty_metric (id, business_id);
ALTER TABLE loyalty_stampreward
    ADD CONSTRAINT stamp_reward_card_of_its_business
        FOREIGN KEY (card_id, business_id) REFERENCES loyalty_stampcard (id, business_id),
    ADD CONSTRAINT stamp_reward_person_of_its_business
        FOREIGN KEY (account_id, business_id) REFERENCES loyalty_account (id, business_id);

-- The engine compiles what gives stamps.
CREATE TRIGGER moves_the_stamp_when_made AFTER INSERT ON loyalty_stampcard
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION laurel_move_stamp();
CREATE TRIGGER moves_the_stamp_when_changed AFTER UPDATE ON loyalty_stampcard
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION laurel_move_stamp();
CREATE TRIGGER moves_the_stamp_when_removed AFTER DELETE ON loyalty_stampcard
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION laurel_move_stamp();
