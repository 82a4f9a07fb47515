create or replace function board.mark_tags(org bigint, subject text, subject_id uuid, course_id uuid, cohort_id uuid) returns text[]
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
declare
    tags text[];
begin
    -- The letter says in whose documents (board.document_tags), the id what of it they show.
    case
        -- board.is_fresh looks at the student's own marks; board.is_current at work, which concerns the course's teachers and those who look
        -- after the student.
        when subject = 'student' and course_id is null then
            return array['s' || subject_id];
        when subject = 'student' then
            return array['s' || subject_id, 'c' || subject_id, 't' || course_id];
        -- board.is_current: somebody whom it shows has come into a course; others are looked after.
        when subject = 'seat' then
            return array['c' || subject_id, 't' || subject_id];
        -- Who gets or loses a course or a student is named by an event, too (feed.tg_right__feed); whom an operator has computed anew
        -- (board.mark_dashboards, board.mark_directors), by these alone.
        when subject = 'teacher' then
            return array['t' || subject_id];
        when subject in ('tutor', 'parent') then
            return array['c' || subject_id];
        -- board.is_current_summary, board.is_current_cohort: an admin's summary by any such mark; what is of no one cohort, or of one that is
        -- gone, may add or take away cohorts, which is every director's; else the cohort's page, and the summaries of who directed it
        -- when it was marked and of who does now.
        when subject = 'director' then
            tags := array['a', case when cohort_id is null then 'd' else 'd' || cohort_id end];
            if subject_id is not null then
                tags := array_append(tags, 'd' || subject_id);
            end if;
            if cohort_id is not null then
                tags := tags || coalesce(
                    (
                        select case when t.director_id is null then '{}'::text[] else array['d' || t.director_id] end
                        from school.cohort as c
                        join school.track as t on t.org_id = c.org_id and t.id = c.track_id
                        where c.org_id = org and c.id = cohort_id
                    ),
                    '{d}'::text[]
                );
            end if;
            return tags;
        -- Only tells the worker what readers know from other marks.
        when subject in ('director summary', 'admin summary') then
            return '{}'::text[];
        -- All of them, by whatever they share.
        when subject_id is null then
            return '{org}'::text[];
        else
            return array['s' || subject_id, 'c' || subject_id, 't' || subject_id, 'd' || subject_id];
    end case;
end
$$;
comment on function board.mark_tags(bigint, text, uuid, uuid, uuid) is
'Which kept answers a mark puts out of date, by the tags that they bear (board.document_tags): what board.is_fresh, board.is_current,
board.is_current_summary and board.is_current_cohort ask of a mark, said once more, for those who are told of marks rather than look for them. It may
say more than they ask, never less: who changes one of them changes this. Not the answers of other students when one''s work is graded.';
revoke all on function board.mark_tags(bigint, text, uuid, uuid, uuid) from public;
