DROP FUNCTION laurel_batch_undo, laurel_batch, laurel_lock_accounts;
