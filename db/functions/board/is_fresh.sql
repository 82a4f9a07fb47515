-- No `set` clause: each costs a read of the dashboard several microseconds, and who calls this has set the path.
create or replace function board.is_fresh(dashboard board.student_dashboard_cache) returns boolean
language plpgsql stable parallel safe security invoker
as $$
begin
    return dashboard.fresh_until > now()
        and not exists (
            select from board.dashboard_update_queue as q
            where q.org_id = dashboard.org_id and q.subject = 'student' and q.subject_id = dashboard.student_id
                and q.processed_at is null
        )
        -- Shared facts, whether or not the worker has told the students already: those that changed since.
        and not exists (
            select from board.dashboard_update_queue as q
            where q.org_id = dashboard.org_id and q.subject in ('course', 'cohort', 'track', 'mission', 'person', 'organization')
                and q.txid >= pg_snapshot_xmin(dashboard.computed_in) and not pg_visible_in_snapshot(q.txid, dashboard.computed_in)
                and (q.subject_id is null or q.subject_id = any (dashboard.scopes))
        )
        -- A restored database counts its transactions anew.
        and pg_snapshot_xmax(dashboard.computed_in) <= pg_snapshot_xmax(pg_current_snapshot());
end
$$;
comment on function board.is_fresh(board.student_dashboard_cache) is
'Whether a stored dashboard says what one computed now would: time has not changed it, no fact of the student or of what the student
shares with others changed in a transaction that it did not see. board.mark_tags says
the same to those who keep answers.';
revoke all on function board.is_fresh(board.student_dashboard_cache) from public;
