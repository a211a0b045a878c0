ALTER TABLE loyalty_event DROP CONSTRAINT event_of_its_business;
ALTER TABLE loyalty_ledgerentry DROP CONSTRAINT entry_of_its_balance;
ALTER TABLE loyalty_balance DROP CONSTRAINT balance_of_its_business;
