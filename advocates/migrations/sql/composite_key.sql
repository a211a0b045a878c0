-- No profile hangs under another business than its account.
ALTER TABLE advocates_advocate ADD CONSTRAINT advocate_of_its_business
    FOREIGN KEY (account_id, business_id) REFERENCES loyalty_account (id, business_id);
