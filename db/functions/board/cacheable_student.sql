create or replace function board.cacheable_student(include_notifications boolean default true, include_ai_nudge boolean default true)
returns api.cacheable
language plpgsql volatile parallel unsafe security definer
set search_path = ''
-- What is read is one student's, whoever it is: to plan it anew would take longer than to read it, or to compute it.
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    caller constant jsonb := auth.claims();
    org constant bigint := (caller ->> 'org')::bigint;
    student constant uuid := (caller ->> 'sub')::uuid;
    dashboard record;
    compared text;
begin
    -- A transaction keeps its now(): one that is held open would go on with a tier that has expired.
    if clock_timestamp() > now() + interval '10 seconds' then
        raise 'a dashboard is of the present, and this transaction began too long ago' using errcode = 'HR409';
    end if;

    select c.* into dashboard from board.current_student_dashboard(org, student) as c;
    -- What compares the student with others lags a minute and is none of the document.
    compared := board.student_leaderboard(org, student, dashboard.cohort_id, dashboard.tier);
    if not (include_notifications and include_ai_nudge) then
        dashboard.document := (
            dashboard.document::jsonb
            - case when include_notifications then '{}' else '{notifications}' end::text[]
            - case when include_ai_nudge then '{}' else '{ai_nudge,ai_nudge_id}' end::text[]
        )::text;
    end if;
    return row(
        -- Two objects in one, as text: neither the stored document nor the answer is parsed.
        '{"last_updated": "' || board.utc(dashboard.updated_at) || '", "leaderboard": ' || coalesce(compared, 'null')
        || ', ' || right(dashboard.document, -1),
        board.document_tags('s', student, dashboard.scopes),
        date_part('epoch', dashboard.fresh_until - clock_timestamp())
    )::api.cacheable;
end
$$;
comment on function board.cacheable_student(boolean, boolean) is
'The dashboard of the student who asks, as JSON, masked by tier: see board.student_documents, and board.student_leaderboard for the part that
compares (leaderboard). include_notifications, include_ai_nudge: whether notifications, ai_nudge and ai_nudge_id are in it. Where it is kept, the
student is told of another place (board.refresh_leaderboard); as_of stays that of the ranking which was read, while later ones gave the same place.';
revoke all on function board.cacheable_student(boolean, boolean) from public;
grant execute on function board.cacheable_student(boolean, boolean) to homeroom_student;
