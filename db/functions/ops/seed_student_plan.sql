create or replace function ops.seed_student_plan(
    school_name text, first_class integer, last_class integer, students integer, today date
) returns table (
    student integer, student_id uuid, class integer, student_key bigint, things_key bigint, level double precision, left_on date,
    cohort integer
)
language plpgsql immutable parallel safe security invoker rows 1000
set search_path = ''
as $$
declare
    -- Each school has its own dice. 512 keys per student leave room for 64 in each of eight courses, or for other things.
    dice constant bigint := ('x' || substr(md5(school_name), 1, 8))::bit(32)::bigint << 31;
begin
    return query
    select
        n, ops.seed_id(school_name, 'student', n), c.class, p.key, dice + n * 512, ops.seed_number(p.key, 'level'),
        -- One in twenty leaves the school, the weak more often; the first two, whom a demo shows, stay.
        case
            when n > 2 and ops.seed_number(p.key, 'leaves') < case when ops.seed_number(p.key, 'level') < 0.25 then 0.14 else 0.02 end
                then today - 70 + floor(60 * ops.seed_number(p.key, 'leaves when'))::integer
        end,
        -- One in a hundred is in no cohort.
        case when n <= 2 or ops.seed_number(p.key, 'has a cohort') >= 0.01 then ops.seed_cohort(c.class) end
    from generate_series((first_class - 1) * 30 + 1, least(last_class * 30, students)) as n
    cross join lateral (select dice + n as key) as p
    cross join lateral (select (n - 1) / 30 + 1 as class) as c;
end
$$;
comment on function ops.seed_student_plan(text, integer, integer, integer, date) is
'The students of some classes of a synthetic school, with the keys of their dice, the level in [0, 1), the day on which a student
left the school, and the number of the cohort, null for none.';
revoke all on function ops.seed_student_plan(text, integer, integer, integer, date) from public;
