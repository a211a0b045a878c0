DROP TRIGGER changes_are_kept ON loyalty_holdingchange;
ALTER TABLE loyalty_holdingchange
    DROP CONSTRAINT change_person_of_its_business, DROP CONSTRAINT change_item_of_its_business;
ALTER TABLE loyalty_holding
    DROP CONSTRAINT holding_person_of_its_business, DROP CONSTRAINT holding_item_of_its_business;
ALTER TABLE loyalty_inventoryitem DROP CONSTRAINT inventory_item_of_its_business;
