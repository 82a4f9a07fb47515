create or replace function board.alert_evidence(
    metric text, comparison text, threshold numeric, state jsonb, moment timestamptz
) returns json
language plpgsql stable parallel safe security invoker
set search_path = ''
as $$
declare
    -- What a ratio is of; summed where there are several.
    upper_part constant text[] := case metric
        when 'seat_utilization' then array['seats_used']
        when 'readiness' then array['readiness_sum']
        when 'completion_rate' then array['missions_approved']
        when 'portfolio_health' then array['portfolio_health_sum']
        when 'mentor_coverage' then array['students_covered']
        when 'session_completion' then array['sessions_held']
    end;
    lower_part constant text[] := case metric
        when 'seat_utilization' then array['seats_total']
        when 'readiness' then array['readiness_students']
        when 'completion_rate' then array['missions_due']
        when 'portfolio_health' then array['portfolio_students']
        when 'mentor_coverage' then array['members_active']
        when 'session_completion' then array['sessions_held', 'sessions_missed']
    end;
    -- What is said beside a count.
    others constant text[] := case metric
        when 'mentor_coverage' then array['mentors']
        when 'payments_overdue' then array['overdue_amount', 'payments_due', 'due_amount']
        when 'overdue_amount' then array['payments_overdue', 'payments_due', 'due_amount']
        when 'stalled_reviews' then array['missions_submitted', 'missions_in_review']
    end;
begin
    return json_build_object(
        'metric', metric, 'value', state -> metric, 'comparison', comparison, 'threshold', threshold,
        'numerator', (select sum((state ->> u.name)::numeric) from unnest(upper_part) as u (name)),
        'denominator', (select sum((state ->> u.name)::numeric) from unnest(lower_part) as u (name)),
        'numbers', (
            select json_agg(json_build_object('name', n.name, 'value', state -> n.name) order by n.name)
            from (select distinct u.name from unnest(array[metric] || upper_part || lower_part || others) as u (name)) as n
        ),
        'as_of', board.utc(moment)
    );
end
$$;
comment on function board.alert_evidence(text, text, numeric, jsonb, timestamptz) is
'What an alert says of the numbers that opened it. state: the cohort''s row of board.cohort_states() as an object, as of moment. Answers
{"metric", "value", "comparison", "threshold", "numerator", "denominator", "numbers", "as_of"}: numerator and denominator are null where
the metric is no ratio; numbers are those of the cohort that it was made of, each with name and value.';
revoke all on function board.alert_evidence(text, text, numeric, jsonb, timestamptz) from public;
