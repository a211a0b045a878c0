DROP FUNCTION laurel_move_stamp CASCADE;
DROP SEQUENCE loyalty_engine_stamp;
