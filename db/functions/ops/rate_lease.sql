create or replace function ops.rate_lease(asks jsonb, at timestamptz) returns json
language plpgsql volatile parallel unsafe security invoker
set search_path = ''
as $$
declare
    slots constant integer := 13;
    slot_seconds constant integer := 300;
    seconds constant numeric := extract(epoch from at);
    ask record;
    kept record;
    this_slot bigint;
    passed integer;
    used integer;
    granted integer;
    freed integer;
    reset numeric;
    answers json[] := '{}'::json[];
begin
    -- In one order everywhere, so that two processes never wait for each other.
    for ask in
        select e.place, a.rule, a.who, a."limit", a.wanted
        from jsonb_array_elements(asks) with ordinality as e (ask, place)
        cross join lateral jsonb_to_record(e.ask) as a (rule text, who text, "limit" integer, wanted integer)
        order by a.rule collate "C", a.who collate "C"
    loop
        this_slot := floor(seconds / slot_seconds)::bigint;
        loop
            select r.slot, r.taken into kept
            from ops.rate_limit as r
            where r.rule = ask.rule and r.who = ask.who
            for update;
            exit when found;
            insert into ops.rate_limit (rule, who, slot, taken)
            values (ask.rule, ask.who, this_slot, array_fill(0, array[slots]))
            on conflict do nothing;
        end loop;
        -- The clock was ahead and has been set back: what was granted then counts from now, and not until that time comes again.
        if kept.slot > this_slot + 1 then
            kept.slot := this_slot;
        end if;
        -- Whoever waited for the row may have read the clock before the one who had it.
        this_slot := greatest(this_slot, kept.slot);
        passed := least(this_slot - kept.slot, slots)::integer;
        if passed > 0 then
            kept.taken := array_fill(0, array[passed]) || kept.taken[1:slots - passed];
        end if;

        used := (select sum(t.n)::integer from unnest(kept.taken) as t (n));
        granted := case
            when used < ask."limit" then greatest(1, least(ask.wanted, ask."limit" / 20, (ask."limit" - used) / 4))
            else 0
        end;
        used := used + granted;
        kept.taken[1] := kept.taken[1] + granted;
        if granted > 0 then
            update ops.rate_limit as r
            set slot = this_slot, taken = kept.taken
            where r.rule = ask.rule and r.who = ask.who;
        end if;

        -- When there is more again: as soon as enough of the oldest slots are out of the window.
        freed := 0;
        reset := (slots * slot_seconds)::numeric;
        for age in reverse slots..1 loop
            freed := freed + kept.taken[age];
            if freed > 0 and used - freed < ask."limit" then
                reset := (this_slot - age + 1 + slots) * slot_seconds - seconds;
                exit;
            end if;
        end loop;
        answers[ask.place] := json_build_object(
            'granted', granted,
            'remaining', greatest(0, ask."limit" - used),
            'reset', reset,
            'slot', this_slot,
            'seconds', (this_slot + 1) * slot_seconds - seconds
        );
    end loop;
    return array_to_json(answers);
end
$$;
comment on function ops.rate_lease(jsonb, timestamptz) is
'Grants processes of the API requests to pass on, in batches. The window is an hour and slides by five minutes: what counts is what was
granted in the slot of now and in the twelve before it. So nobody ever has more than the limit within an hour; the error is on that side:
a request counts for 60 to 65 minutes. Leases end with their slot, or what is used later would count too briefly.
asks: [{"rule", "who", "limit" per hour, "wanted"}]. The answers, in the same order: [{"granted", "remaining" besides, "reset": in how many
seconds there is more, "slot", "seconds": how long the grant is good}]. Granted is at most a twentieth of the limit and a quarter of what is
left, but at least 1 if anything is left: as the limit nears, little lies unused in one process while another refuses. at: what time it is; what
a clock granted that was ahead counts as granted now.';
revoke all on function ops.rate_lease(jsonb, timestamptz) from public;
