DROP FUNCTION laurel_unmerge_climbs, laurel_merge_climbs, laurel_settle_ladders, laurel_stranded, laurel_misplaced,
    laurel_set_tier, laurel_count_orders, laurel_climb_everywhere, laurel_turn, laurel_end_period, laurel_climb,
    laurel_may_climb,
    laurel_earned_before, laurel_begin_period, laurel_moves, laurel_moved, laurel_move, laurel_period, laurel_threshold,
    laurel_ladders, laurel_counted, laurel_first_step, laurel_tasks_done;
DROP TYPE laurel_ladder;
DROP TRIGGER moves_the_stamp_when_removed ON loyalty_milestoneset;
DROP TRIGGER moves_the_stamp_when_changed ON loyalty_milestoneset;
DROP TRIGGER moves_the_stamp_when_made ON loyalty_milestoneset;
ALTER TABLE loyalty_arrival DROP CONSTRAINT arrival_of_its_business;
ALTER TABLE loyalty_climb DROP CONSTRAINT climb_of_its_business;
