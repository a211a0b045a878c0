-- Two checks, which lock nothing that others need, in place of three: no entry under another business than its account,
-- and none of a metric that its account has no balance of.
ALTER TABLE loyalty_ledgerentry
    ADD CONSTRAINT entry_of_its_business
        FOREIGN KEY (account_id, business_id) REFERENCES loyalty_account (id, business_id),
    ADD CONSTRAINT entry_of_its_balance
        FOREIGN KEY (account_id, metric_id) REFERENCES loyalty_balance (account_id, metric_id);
-- No event under another business than its account.
ALTER TABLE loyalty_event ADD CONSTRAINT event_of_its_business
    FOREIGN KEY (account_id, business_id) REFERENCES loyalty_account (id, business_id);
