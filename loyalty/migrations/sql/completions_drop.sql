DROP FUNCTION laurel_finish_quest, laurel_finish_task, laurel_tell_done;
