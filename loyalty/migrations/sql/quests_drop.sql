DROP TRIGGER tasks_are_kept ON loyalty_task;
DROP TRIGGER quest_versions_are_kept ON loyalty_questversion;
DROP FUNCTION laurel_refuse_rewrite();
ALTER TABLE loyalty_submission
    DROP CONSTRAINT submission_person_of_its_business, DROP CONSTRAINT submission_quest_of_its_business;
ALTER TABLE loyalty_questcompletion
    DROP CONSTRAINT quest_completion_person_of_its_business, DROP CONSTRAINT quest_completion_quest_of_its_business;
ALTER TABLE loyalty_taskcompletion
    DROP CONSTRAINT task_completion_person_of_its_business, DROP CONSTRAINT task_completion_quest_of_its_business;
ALTER TABLE loyalty_task DROP CONSTRAINT task_of_its_business;
ALTER TABLE loyalty_questversion DROP CONSTRAINT quest_version_of_its_business;
