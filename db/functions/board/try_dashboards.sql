create or replace function board.try_dashboards(org bigint, roles text[], people uuid[]) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    wanted text;
    person uuid;
begin
    for wanted in select distinct r.role from unnest(roles) as r (role) order by r.role loop
        begin
            perform board.refresh_dashboards(org, wanted, array(
                select p.id from unnest(roles, people) as p (role, id) where p.role = wanted
            ));
        exception when others then
            -- One of them cannot be computed: find out which, and let the others have theirs.
            for person in select p.id from unnest(roles, people) as p (role, id) where p.role = wanted loop
                begin
                    perform board.refresh_dashboards(org, wanted, array[person]);
                exception when others then
                    perform board.put_off(
                        org,
                        array(
                            select q.id
                            from board.dashboard_update_queue as q
                            where q.org_id = org and q.subject <> 'student' and q.subject in (wanted, wanted || ' summary')
                                and q.subject_id = person and q.processed_at is null
                        ),
                        format('%s: %s', sqlstate, sqlerrm)
                    );
                end;
            end loop;
        end;
    end loop;
end
$$;
comment on function board.try_dashboards(bigint, text[], uuid[]) is
'Refreshes the dashboards of these people, each in the role at the same place, set-wise by role; who cannot be computed is put off (board.put_off) and
holds nobody up. For the worker''s steps: board.drain_dashboards, board.drain_summaries.';
revoke all on function board.try_dashboards(bigint, text[], uuid[]) from public;
