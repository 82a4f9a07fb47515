create or replace function feed.work_payload(
    kind text, submission uuid, assignment uuid, course uuid, grade numeric, student json
) returns json
language sql volatile parallel safe security invoker
return case kind
    when 'grade' then json_build_object(
        'submission_id', submission, 'assignment_id', assignment, 'course_id', course, 'student', student,
        'grade', trim_scale(grade), 'timestamp', board.utc(clock_timestamp())
    )
    else json_build_object(
        'submission_id', submission, 'assignment_id', assignment, 'course_id', course, 'student', student,
        'timestamp', board.utc(clock_timestamp())
    )
end;
comment on function feed.work_payload(text, uuid, uuid, uuid, numeric, json) is
'What the events submission and grade say: {"submission_id", "assignment_id", "course_id", "student", "grade", "timestamp"}.';
revoke all on function feed.work_payload(text, uuid, uuid, uuid, numeric, json) from public;
