create or replace function auth.end_session() returns bigint
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    caller constant jsonb := auth.claims();
    org constant bigint := (caller ->> 'org')::bigint;
    person constant uuid := (caller ->> 'sub')::uuid;
    own constant bytea := decode(caller ->> 'session', 'hex');
    ended bigint;
begin
    delete from auth.session as s where s.org_id = org and s.person_id = person and (own is null or s.id = own);
    get diagnostics ended = row_count;
    return ended;
end
$$;
comment on function auth.end_session() is
'Ends the caller''s session, or, for who shows a token, all sessions of that person. Answers how many. Every process of the API hears of it
(feed.tg_session__feed): answers that it keeps are not served to that cookie any more, its streams end.';
revoke all on function auth.end_session() from public;
grant execute on function auth.end_session() to
    homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_mentor, homeroom_director,
    homeroom_analyst, homeroom_admin, homeroom_service;
