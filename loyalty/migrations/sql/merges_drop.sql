DROP TRIGGER everyone_starts_with_points ON loyalty_account;
DROP FUNCTION laurel_start_with_points, laurel_reverse, laurel_bring_back, laurel_unmerge_points,
    laurel_note_ripening, laurel_shares, laurel_merge_points,
    laurel_move_debt, laurel_add_lifetime, laurel_transfer, laurel_way_home;
