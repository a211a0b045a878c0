-- A message is about a card of its own business.
ALTER TABLE rewards_giftmessage ADD CONSTRAINT gift_message_card_of_its_business
    FOREIGN KEY (card_id, business_id) REFERENCES rewards_giftcard (id, business_id);
