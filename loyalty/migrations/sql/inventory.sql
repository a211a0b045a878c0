-- No item, holding or change under another business than its set, its item and its person.
ALTER TABLE loyalty_inventoryitem ADD CONSTRAINT inventory_item_of_its_business
    FOREIGN KEY (set_id, business_id) REFERENCES loyalty_inventoryset (id, business_id);
-- A holding knows whether its item stacks, so that a check can bound it. An item that no longer stacks says so to all
-- of its holdings, and is refused while somebody has several.
ALTER TABLE loyalty_holding
    ADD CONSTRAINT holding_item_of_its_business
        FOREIGN KEY (item_id, business_id, stackable) REFERENCES loyalty_inventoryitem (id, business_id, stackable)
        ON UPDATE CASCADE,
    ADD CONSTRAINT holding_person_of_its_business
        FOREIGN KEY (account_id, business_id) REFERENCES loyalty_account (id, business_id);
ALTER TABLE loyalty_holdingchange
    ADD CONSTRAINT change_item_of_its_business
        FOREIGN KEY (item_id, business_id) REFERENCES loyalty_inventoryitem (id, business_id),
    ADD CONSTRAINT change_person_of_its_business
        FOREIGN KEY (account_id, business_id) REFERENCES loyalty_account (id, business_id);

-- What somebody was given, they were given for ever; what is taken is another row.
CREATE TRIGGER changes_are_kept BEFORE UPDATE OR DELETE ON loyalty_holdingchange
    FOR EACH ROW EXECUTE FUNCTION laurel_refuse_rewrite();
