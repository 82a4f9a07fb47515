create or replace function school.take_action(action jsonb) returns text
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    org constant bigint := auth.org_id();
    student constant uuid := auth.person_id();
    today constant date := (board.clock(org)).today;
    quiz school.quiz;
    priority text;
begin
    -- The API has looked already; whoever comes by another way meets the same bounds.
    if length(action::text) > 10000 then
        raise 'an action is no longer than 10,000 characters' using errcode = 'HR413';
    elsif action ->> 'url' !~ '^https?://' then
        raise 'a URL begins with http:// or https://' using errcode = 'HR422', detail = 'url';
    elsif (action ->> 'on')::date not between today - 31 and today then
        raise 'a day of the last month, at most today' using errcode = 'HR422', detail = 'on';
    end if;

    -- A row that is another student's is as little there as one that is nobody's.
    case action ->> 'action'
        when 'mission_started' then
            -- What JSON has no word for.
            if (action ->> 'estimated_completion')::timestamptz
                not between timestamptz '0001-01-01 00:00:00+00' and timestamptz '9999-12-31 23:59:59+00'
            then
                raise 'not within the years 1 to 9999' using errcode = 'HR422', detail = 'estimated_completion';
            end if;
            insert into school.mission_attempt as a (org_id, mission_id, student_id, state, estimated_completion)
            select org, m.id, student, 'started', (action ->> 'estimated_completion')::timestamptz
            from school.mission as m
            where m.org_id = org and m.id = (action ->> 'mission_id')::uuid and m.status = 'published'
                and (
                    m.track_id is null
                    or exists (select from board.student_membership(org, array[student]) as b where b.track_id = m.track_id)
                )
            on conflict (org_id, mission_id, student_id) do update set
                estimated_completion = coalesce(excluded.estimated_completion, a.estimated_completion);
        when 'mission_submitted' then
            update school.mission_attempt as a set
                state = 'submitted', submitted_at = case when a.state = 'submitted' then a.submitted_at else greatest(now(), a.started_at) end,
                review_started_at = null, reviewed_at = null, url = coalesce(action ->> 'url', a.url)
            where a.org_id = org and a.student_id = student and a.mission_id = (action ->> 'mission_id')::uuid
                and a.state in ('started', 'submitted', 'rejected')
                and exists (select from school.mission as m where m.org_id = org and m.id = a.mission_id and m.status = 'published');
        when 'habit_logged' then
            insert into school.habit_log (org_id, habit_id, student_id, day)
            select org, h.id, student, coalesce((action ->> 'on')::date, today)
            from school.habit as h
            where h.org_id = org and h.student_id = student and h.id = (action ->> 'habit_id')::uuid
            on conflict (org_id, habit_id, day) do update set student_id = excluded.student_id;
        when 'goal_created' then
            insert into school.goal (org_id, student_id, title, due_on)
            values (org, student, action ->> 'title', (action ->> 'due_on')::date);
        when 'goal_completed' then
            update school.goal as g set completed_at = coalesce(g.completed_at, now())
            where g.org_id = org and g.student_id = student and g.id = (action ->> 'goal_id')::uuid;
        when 'portfolio_item_added' then
            insert into school.portfolio_item (org_id, student_id, title, url, state)
            values (org, student, action ->> 'title', action ->> 'url', 'draft');
        when 'notification_read' then
            update school.notification as n set read_at = coalesce(n.read_at, now())
            where n.org_id = org and n.person_id = student and n.id = (action ->> 'notification_id')::uuid;
        when 'nudge_dismissed' then
            update school.ai_nudge as n set dismissed_at = coalesce(n.dismissed_at, now())
            where n.org_id = org and n.student_id = student and n.id = (action ->> 'nudge_id')::uuid;
        when 'session_joined' then
            insert into school.session_attendance (org_id, session_id, student_id)
            select org, s.id, student
            from school.mentor_session as s
            join school.cohort_member as m on m.org_id = s.org_id and m.cohort_id = s.cohort_id and m.student_id = student
            where s.org_id = org and s.id = (action ->> 'session_id')::uuid and s.status = 'scheduled' and s.ends_at > now()
                and m.status = 'active'
                and (s.student_id is null or s.student_id = student)
            on conflict (org_id, session_id, student_id) do update set joined_at = session_attendance.joined_at;
        when 'quiz_started' then
            quiz := (
                select q
                from school.quiz as q
                join school.enrollment as e on e.org_id = q.org_id and e.course_id = q.course_id and e.student_id = student
                where q.org_id = org and q.id = (action ->> 'quiz_id')::uuid and q.status = 'published' and e.status = 'active'
                -- Two at once: the second waits here, and then finds the first one's attempt.
                for no key update of e
            );
            if quiz.id is not null then
                -- An attempt that is under way goes on.
                insert into school.quiz_attempt (org_id, quiz_id, course_id, student_id)
                select org, quiz.id, quiz.course_id, student
                where not exists (
                    select from school.quiz_attempt as t
                    where t.org_id = org and t.quiz_id = quiz.id and t.student_id = student and t.completed_at is null
                );
            end if;
            perform where quiz.id is not null;
        when 'assignment_submitted' then
            insert into school.submission as s (org_id, assignment_id, course_id, student_id, submitted_at, url)
            select org, a.id, a.course_id, student, now(), action ->> 'url'
            from school.assignment as a
            join school.enrollment as e on e.org_id = a.org_id and e.course_id = a.course_id and e.student_id = student
            where a.org_id = org and a.id = (action ->> 'assignment_id')::uuid and a.status = 'published' and e.status = 'active'
            on conflict (org_id, assignment_id, student_id) do update set
                submitted_at = coalesce(s.submitted_at, excluded.submitted_at), url = coalesce(excluded.url, s.url)
                where s.grade is null;
            if not found and exists (
                select from school.submission as s
                where s.org_id = org and s.assignment_id = (action ->> 'assignment_id')::uuid and s.student_id = student
                    and s.grade is not null
            ) then
                raise 'this is graded already' using errcode = 'HR409';
            end if;
        else
            raise 'there is no such action' using errcode = 'HR422', detail = 'action';
    end case;
    if not found then
        raise 'what the action names does not exist, or is not yours' using
            errcode = 'HR404', detail = (select k from jsonb_object_keys(action) as k where k like '%\_id' limit 1);
    end if;

    priority := case
        when action ->> 'action' = 'session_joined' then 'urgent'
        when action ->> 'action' in ('mission_submitted', 'assignment_submitted') then 'high'
        when action ->> 'action' in ('goal_created', 'notification_read', 'nudge_dismissed') then 'low'
        else 'normal'
    end;
    -- The fact has marked the student already, as facts of its kind do; for an action it is as urgent as is answered.
    insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason)
    values (org, 'student', student, priority::board.priority, action ->> 'action');
    return priority;
end
$$;
comment on function school.take_action(jsonb) is
'Does what the student who asks did: {"action": …} and the fields of spec student.md. Changes its facts in the caller''s transaction, so that
the next read shows it; saying the same twice changes nothing more, except where it makes something new (goal_created,
portfolio_item_added). Answers its priority, with which it stands in the queue too. Raises HR404, with the field, for what is not there or
another''s, HR422 for an unknown action.';
revoke all on function school.take_action(jsonb) from public;
