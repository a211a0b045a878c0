-- Tap to Earn: a meter hangs on a person and a programme of one and the same business.
ALTER TABLE loyalty_tapmeter
    ADD CONSTRAINT tap_meter_person_of_its_business
        FOREIGN KEY (account_id, business_id) REFERENCES loyalty_account (id, business_id),
    ADD CONSTRAINT tap_meter_programme_of_its_business
        FOREIGN KEY (programme_id, business_id) REFERENCES loyalty_tapprogramme (id, business_id);
