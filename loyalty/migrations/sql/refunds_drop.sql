DROP FUNCTION laurel_take_all_back, laurel_take_back, laurel_take_pending, laurel_left_of, laurel_lots_of,
    laurel_pay_debt;
