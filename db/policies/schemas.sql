-- Who may enter which room. Entering shows nothing yet: tables and functions grant for themselves.
grant usage on schema auth to
    homeroom_api, homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_mentor,
    homeroom_director, homeroom_analyst, homeroom_admin, homeroom_service;
grant usage on schema school, board to
    homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_mentor, homeroom_director,
    homeroom_analyst, homeroom_admin, homeroom_service;
grant usage on schema api to
    homeroom_api, homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_mentor,
    homeroom_director, homeroom_analyst, homeroom_admin, homeroom_service;
grant usage on schema feed to
    homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_mentor, homeroom_director,
    homeroom_analyst, homeroom_admin, homeroom_service;
grant usage on schema ingest to homeroom_admin, homeroom_service;
grant usage on schema analytics to homeroom_analyst, homeroom_director, homeroom_mentor, homeroom_admin;
-- For what they may call there.
grant usage on schema ops to homeroom_admin;
