create or replace function ops.rate_return(unused jsonb) returns integer
language plpgsql volatile parallel unsafe security invoker
set search_path = ''
as $$
declare
    lease record;
    returned integer := 0;
begin
    -- In the order of ops.rate_lease().
    for lease in
        select n.rule, n.who, n.slot, sum(n.unused)::integer as unused
        from jsonb_to_recordset(rate_return.unused) as n (rule text, who text, slot bigint, unused integer)
        group by n.rule, n.who, n.slot
        order by n.rule collate "C", n.who collate "C", n.slot
    loop
        update ops.rate_limit as r
        set taken[r.slot - lease.slot + 1] = greatest(0, r.taken[r.slot - lease.slot + 1] - lease.unused)
        where r.rule = lease.rule and r.who = lease.who and r.slot - lease.slot between 0 and cardinality(r.taken) - 1;
        if found then
            returned := returned + lease.unused;
        end if;
    end loop;
    return returned;
end
$$;
comment on function ops.rate_return(jsonb) is
'Takes back what was leased and not used: [{"rule", "who", "slot": as the lease said, "unused"}]. What is out of the window by now counts for
nobody anyway. Answers how much was taken back.';
revoke all on function ops.rate_return(jsonb) from public;
