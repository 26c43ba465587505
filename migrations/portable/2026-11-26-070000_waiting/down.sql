DROP TABLE closures_waiting;
DROP TABLE partnership_reminders;
