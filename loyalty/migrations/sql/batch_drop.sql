DROP FUNCTION laurel_batch_undo, laurel_tell_all, laurel_batch, laurel_lock_accounts;
