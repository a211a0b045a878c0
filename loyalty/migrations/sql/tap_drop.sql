ALTER TABLE loyalty_tapmeter
    DROP CONSTRAINT tap_meter_programme_of_its_business, DROP CONSTRAINT tap_meter_person_of_its_business;
