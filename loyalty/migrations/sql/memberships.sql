-- Nobody is admitted to a membership of another business.
ALTER TABLE loyalty_admission
    ADD CONSTRAINT admission_segment_of_its_business
        FOREIGN KEY (segment_id, business_id) REFERENCES loyalty_segment (id, business_id),
    ADD CONSTRAINT admission_person_of_its_business
        FOREIGN KEY (account_id, business_id) REFERENCES loyalty_account (id, business_id);

-- The engine compiles what memberships multiply.
CREATE TRIGGER moves_the_stamp_when_made AFTER INSERT ON loyalty_segment
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION laurel_move_stamp();
CREATE TRIGGER moves_the_stamp_when_changed AFTER UPDATE ON loyalty_segment
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION laurel_move_stamp();
CREATE TRIGGER moves_the_stamp_when_removed AFTER DELETE ON loyalty_segment
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION laurel_move_stamp();
