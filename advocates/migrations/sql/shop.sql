-- No order, line or refund crosses businesses.
ALTER TABLE advocates_order ADD CONSTRAINT order_person_of_its_business
    FOREIGN KEY (advocate_id, business_id) REFERENCES loyalty_account (id, business_id);
ALTER TABLE advocates_orderline ADD CONSTRAINT line_order_of_its_business
    FOREIGN KEY (order_id, business_id) REFERENCES advocates_order (id, business_id);
ALTER TABLE advocates_refund ADD CONSTRAINT refund_order_of_its_business
    FOREIGN KEY (order_id, business_id) REFERENCES advocates_order (id, business_id);
