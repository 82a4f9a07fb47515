create or replace function board.mark_tracks(
    org bigint, tracks uuid[], reason text, priority board.priority default 'normal'
) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason)
    select distinct mark_tracks.org, 'director', t.director_id, mark_tracks.priority, mark_tracks.reason
    from school.track as t
    where t.org_id = mark_tracks.org and t.id = any (mark_tracks.tracks);
    if tracks <> '{}' and current_setting('transaction_isolation') <> 'read committed' then
        insert into board.dashboard_update_queue (org_id, subject, priority, reason)
        values (mark_tracks.org, 'organization', mark_tracks.priority, mark_tracks.reason);
    end if;
end
$$;
comment on function board.mark_tracks(bigint, uuid[], text, board.priority) is
'Marks the directors of these tracks, for what is of no one cohort. In a transaction that is not read committed, which cannot know who directs
them now, the organization besides.';
revoke all on function board.mark_tracks(bigint, uuid[], text, board.priority) from public;
