-- No balance under another business than its account; and one check, which locks nothing that others need, in place of
-- four: no entry of a metric that its account has no balance of, nor under another business.
ALTER TABLE loyalty_balance ADD CONSTRAINT balance_of_its_business
    FOREIGN KEY (account_id, business_id) REFERENCES loyalty_account (id, business_id);
ALTER TABLE loyalty_ledgerentry ADD CONSTRAINT entry_of_its_balance
    FOREIGN KEY (account_id, metric_id, business_id) REFERENCES loyalty_balance (account_id, metric_id, business_id);
-- No event under another business than its account.
ALTER TABLE loyalty_event ADD CONSTRAINT event_of_its_business
    FOREIGN KEY (account_id, business_id) REFERENCES loyalty_account (id, business_id);
