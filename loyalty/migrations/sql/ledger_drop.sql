DROP TRIGGER lot_uses_are_append_only ON loyalty_lotuse;
DROP TRIGGER ledger_is_never_emptied ON loyalty_ledgerentry;
DROP TRIGGER ledger_is_append_only ON loyalty_ledgerentry;
DROP FUNCTION laurel_refuse_change, laurel_reverse_in_place, laurel_spend, laurel_award, laurel_settle, laurel_settle_lots,
    laurel_ripen_lots, laurel_take_lots, laurel_enter, laurel_tell, laurel_begin, laurel_answer, laurel_is_posted,
    laurel_lock, laurel_keep_key, laurel_claim_key, laurel_refusal, laurel_posting_of, laurel_entry_hash, laurel_uuid7;
DROP TYPE laurel_start, laurel_posting;
