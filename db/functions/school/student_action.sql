create or replace function school.student_action(action jsonb, idempotency_key text default null) returns json
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    org constant bigint := auth.org_id();
    student constant uuid := auth.person_id();
    receipt ops.action_receipt;
    outcome json;
begin
    if idempotency_key is not null then
        -- Two at once with the same key: the second waits here for the first, and then finds its receipt.
        insert into ops.action_receipt as r (org_id, person_id, idempotency_key, action, answer)
        values (org, student, idempotency_key, action, '{}')
        on conflict do nothing;
        if not found then
            select r.* into receipt
            from ops.action_receipt as r
            where r.org_id = org and r.person_id = student and r.idempotency_key = student_action.idempotency_key;
            if receipt.action::jsonb <> action then
                raise 'this Idempotency-Key came with another action before' using errcode = 'HR409';
            end if;
            return receipt.answer;
        end if;
    end if;

    outcome := json_build_object('status', 'queued', 'action', action ->> 'action', 'priority', school.take_action(action));

    if idempotency_key is not null then
        update ops.action_receipt as r set answer = outcome
        where r.org_id = org and r.person_id = student and r.idempotency_key = student_action.idempotency_key;
    end if;
    return outcome;
end
$$;
comment on function school.student_action(jsonb, text) is
'An action of the student who asks (school.take_action), at most once for each idempotency_key: the same again is answered as the first
was. Answers {"status": "queued", "action", "priority"}. Raises HR409 for a key that came with another action, HR404, HR422.';
revoke all on function school.student_action(jsonb, text) from public;
grant execute on function school.student_action(jsonb, text) to homeroom_student;
