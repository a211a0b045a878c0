DROP FUNCTION laurel_take_away, laurel_award_all, laurel_climb_all, laurel_award_round, laurel_open_balances, laurel_starts;
DROP TYPE laurel_awarded, laurel_item;
