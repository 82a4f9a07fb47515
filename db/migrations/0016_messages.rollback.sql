drop table school.subscription;
drop table school.ai_nudge;
drop table school.notification;
