create or replace function board.is_current(dashboard board.dashboard_cache) returns boolean
language plpgsql stable parallel safe security invoker
set search_path = ''
as $$
declare
    -- Not visible in its snapshot is what began after all that had ended by then, and what was under way: two looks into an index.
    later constant xid8 := pg_snapshot_xmax(dashboard.computed_in);
    under_way constant xid8[] := array(select pg_snapshot_xip(dashboard.computed_in));
    in_any_case constant boolean := dashboard.role = 'teacher';
begin
    if dashboard.role in ('director', 'admin') then
        return board.is_current_summary(dashboard);
    end if;
    return dashboard.fresh_until > now()
        -- Whom the person looks after.
        and not exists (
            select from board.dashboard_update_queue as q
            where q.org_id = dashboard.org_id and q.subject_id = dashboard.person_id
                and q.subject in ('seat', 'teacher', 'tutor', 'parent') and q.subject = dashboard.role
                and (q.txid >= later or q.txid = any (under_way))
        )
        -- Who has come into a course that it does not know.
        and not exists (
            select from board.dashboard_update_queue as q
            where q.org_id = dashboard.org_id and q.subject_id = any (dashboard.scopes)
                and q.subject in ('seat', 'teacher', 'tutor', 'parent') and q.subject = 'seat'
                and (q.txid >= later or q.txid = any (under_way))
        )
        -- Work and enrollments: in a teacher's courses; in the courses of a parent's or tutor's students, if it is theirs.
        and not exists (
            select from board.dashboard_update_queue as q
            where q.org_id = dashboard.org_id and q.course_id is not null and q.course_id = any (dashboard.scopes)
                and q.txid >= later
                and (in_any_case or q.subject_id = any (dashboard.scopes))
        )
        and (
            under_way = '{}' or not exists (
                select from board.dashboard_update_queue as q
                where q.org_id = dashboard.org_id and q.course_id is not null and q.course_id = any (dashboard.scopes)
                    and q.txid = any (under_way)
                    and (in_any_case or q.subject_id = any (dashboard.scopes))
            )
        )
        -- Shared facts, whether or not the worker has told anybody: those that changed since.
        and not exists (
            select from board.dashboard_update_queue as q
            where q.org_id = dashboard.org_id and q.subject in ('course', 'cohort', 'track', 'mission', 'person', 'organization')
                and q.txid >= pg_snapshot_xmin(dashboard.computed_in) and not pg_visible_in_snapshot(q.txid, dashboard.computed_in)
                and (q.subject_id is null or q.subject_id = any (dashboard.scopes))
        )
        -- A restored database counts its transactions anew.
        and later <= pg_snapshot_xmax(pg_current_snapshot());
end
$$;
comment on function board.is_current(board.dashboard_cache) is
'Whether a stored dashboard of a teacher, tutor, parent, director or admin says what one computed now would: time has not changed it, and nothing that it
shows changed in a transaction that it did not see. Marks count whether or not they were processed: nobody has to pass them on before it
is safe to read. board.mark_tags says
the same to those who keep answers.';
revoke all on function board.is_current(board.dashboard_cache) from public;
