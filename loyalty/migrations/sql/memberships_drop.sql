DROP TRIGGER moves_the_stamp_when_removed ON loyalty_segment;
DROP TRIGGER moves_the_stamp_when_changed ON loyalty_segment;
DROP TRIGGER moves_the_stamp_when_made ON loyalty_segment;
ALTER TABLE loyalty_admission
    DROP CONSTRAINT admission_segment_of_its_business, DROP CONSTRAINT admission_person_of_its_business;
