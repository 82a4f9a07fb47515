"""What may happen to a student's dashboard: actions of the student, and changes of every source it shows."""

import random
from typing import Any
from uuid import UUID

from tests.listener.dashboards import Session, take

# What a student may name: an action, the field and its ids.
NAMED = {
    "mission_started": (
        "mission_id",
        "select m.id from school.mission as m join school.cohort as c using (org_id, track_id) "
        "join school.cohort_member as b on b.org_id = c.org_id and b.cohort_id = c.id and b.status = "
        "'active' "
        "where b.student_id = %s and m.status = 'published'",
    ),
    "mission_submitted": (
        "mission_id",
        "select a.mission_id from school.mission_attempt as a join school.mission as m "
        "on m.org_id = a.org_id and m.id = a.mission_id and m.status = 'published' "
        "where a.student_id = %s and a.state in ('started', 'rejected')",
    ),
    "habit_logged": ("habit_id", "select id from school.habit where student_id = %s"),
    "goal_completed": ("goal_id", "select id from school.goal where student_id = %s"),
    "notification_read": ("notification_id", "select id from school.notification where person_id = %s"),
    "nudge_dismissed": ("nudge_id", "select id from school.ai_nudge where student_id = %s"),
    "session_joined": (
        "session_id",
        "select s.id from school.mentor_session as s join school.cohort_member as b using (org_id, "
        "cohort_id) "
        "where b.student_id = %s and b.status = 'active' and s.status = 'scheduled' and s.student_id is null "
        "and s.ends_at > now()",
    ),
    "quiz_started": (
        "quiz_id",
        "select q.id from school.quiz as q join school.enrollment as e using (org_id, course_id) "
        "where e.student_id = %s and e.status = 'active' and q.status = 'published'",
    ),
    "assignment_submitted": (
        "assignment_id",
        "select a.id from school.assignment as a join school.enrollment as e using (org_id, course_id) "
        "where e.student_id = %s and e.status = 'active' and a.status = 'published' and not exists ("
        "select from school.submission as s where s.org_id = e.org_id and s.assignment_id = a.id "
        "and s.student_id = e.student_id and s.grade is not null)",
    ),
}


def _mine(table: str) -> str:
    return (
        f"(select id from school.{table} where student_id = %(student)s "
        "order by md5(id::text || %(dice)s) limit 1)"
    )


COHORT = (
    "(select cohort_id from school.cohort_member where student_id = %(student)s "
    "order by md5(cohort_id::text || %(dice)s) limit 1)"
)
COURSE = (
    "(select course_id from school.enrollment where student_id = %(student)s "
    "order by md5(course_id::text || %(dice)s) limit 1)"
)
SOON = "now() + interval '1 hour' * (mod(%(number)s, 100) - 20)"
# Changes of every source, of a student's rows and of what many share.
CHANGES = [
    f"update school.submission set grade = 50, graded_at = now() where id = {_mine('submission')}",
    f"update school.submission set grade = null, graded_at = null where id = {_mine('submission')}",
    f"delete from school.submission where id = {_mine('submission')}",
    f"delete from school.quiz_attempt where id = {_mine('quiz_attempt')}",
    f"update school.quiz_attempt set completed_at = now(), score = 5 where id = {_mine('quiz_attempt')}",
    f"update school.enrollment set status = 'dropped' where student_id = %(student)s and course_id = "
    f"{COURSE}",
    f"update school.enrollment set status = 'active' where student_id = %(student)s and course_id = {COURSE}",
    "insert into school.readiness_score (org_id, student_id, scored_at, score) "
    "values (%(org)s, %(student)s, clock_timestamp(), mod(%(number)s, 100))",
    f"delete from school.readiness_score where id = {_mine('readiness_score')}",
    f"update school.competency_score set level = mod(%(number)s, 100) where id = {_mine('competency_score')}",
    f"update school.mission_attempt set state = 'rejected', submitted_at = coalesce(submitted_at, now()), "
    f"reviewed_at = now(), review_started_at = null where id = {_mine('mission_attempt')}",
    f"delete from school.mission_attempt where id = {_mine('mission_attempt')}",
    f"update school.portfolio_item set state = 'approved', quality = mod(%(number)s, 100), "
    f"reviewed_at = now() "
    f"where id = {_mine('portfolio_item')}",
    f"update school.habit set is_active = not is_active where id = {_mine('habit')}",
    "delete from school.habit_log where student_id = %(student)s and day = current_date",
    f"update school.goal set completed_at = null where id = {_mine('goal')}",
    "insert into school.point_award (org_id, student_id, points, reason) "
    "values (%(org)s, %(student)s, mod(%(number)s, 50), 'luck')",
    "insert into school.badge (org_id, student_id, name) values (%(org)s, %(student)s, 'Lucky')",
    f"delete from school.badge where id = {_mine('badge')}",
    "insert into school.notification (org_id, person_id, title, is_urgent) "
    "values (%(org)s, %(student)s, 'N' || %(number)s, mod(%(number)s, 2) = 0)",
    "insert into school.ai_nudge (org_id, student_id, message) values (%(org)s, %(student)s, 'N' || "
    "%(number)s)",
    "insert into school.subscription (org_id, student_id, tier) values (%(org)s, %(student)s, 'premium') "
    "on conflict (org_id, student_id) do update set tier = 'premium', ends_at = null",
    "update school.subscription set tier = 'free' where student_id = %(student)s",
    "insert into school.interaction (org_id, occurred_at, student_id, agent_type, duration_ms) "
    "values (%(org)s, now(), %(student)s, 'tutor', 3600000)",
    f"update school.cohort_member set status = 'withdrawn' where student_id = %(student)s and "
    f"cohort_id = {COHORT}",
    f"update school.cohort_member set status = 'active' where student_id = %(student)s and cohort_id "
    f"= {COHORT}",
    f"update school.assignment set due_at = {SOON} where course_id = {COURSE}",
    f"update school.quiz set due_at = {SOON}, title = 'Q' || %(number)s where course_id = {COURSE}",
    f"insert into school.assignment (org_id, course_id, title, due_at) "
    f"select %(org)s, course, 'A' || %(number)s, {SOON} from {COURSE} as c (course)",
    f"update school.cohort set name = 'C' || %(number)s where id = {COHORT}",
    f"update school.mentor_session set starts_at = {SOON}, ends_at = {SOON} + interval '1 hour', "
    f"status = 'scheduled' where cohort_id = {COHORT}",
    f"update school.milestone set title = 'M' || %(number)s, due_at = {SOON} where cohort_id = {COHORT}",
    f"insert into school.calendar_event (org_id, cohort_id, title, starts_at) "
    f"select %(org)s, cohort, 'E' || %(number)s, {SOON} from {COHORT} as c (cohort)",
    "insert into school.calendar_event (org_id, title, starts_at) "
    f"values (%(org)s, 'E' || %(number)s, {SOON})",
    f"delete from school.cohort_mentor where cohort_id = {COHORT}",
    f"insert into school.cohort_mentor (org_id, cohort_id, mentor_id) select %(org)s, cohort, person_id "
    f"from {COHORT} as c (cohort), school.person_role where org_id = %(org)s and role = 'mentor' "
    f"order by md5(person_id::text || %(dice)s) limit 1 on conflict do nothing",
    "update school.person set name = 'P' || %(number)s where id in (select mentor_id from "
    "school.cohort_mentor)",
    "update school.track set target_readiness = 50 + mod(%(number)s, 50)",
    "update school.competency set required_level = mod(%(number)s, 100), name = 'K' || %(number)s "
    "where get_byte(uuid_send(id), 0) < 128",
    f"update school.mission set due_at = {SOON}, title = 'T' || %(number)s where "
    f"get_byte(uuid_send(id), 0) < 128",
    "update school.mission set status = case status when 'closed' then 'published' else 'closed' end "
    "where get_byte(uuid_send(id), 0) < 64",
    "update school.organization set time_zone = (array['UTC', 'Asia/Tokyo', 'America/Lima'])[1 + "
    "mod(%(number)s, 3)]",
    "update ops.tier_mask set shows_upgrade = not shows_upgrade where path = 'readiness.gaps'",
]


def something_happens(writer: Session, api: Session, org: int, student: UUID, dice: random.Random) -> str:
    """A random action of the student, or a random change of what the student's dashboard shows; which."""
    if dice.random() < 0.5:
        name = dice.choice([*NAMED, "goal_created", "portfolio_item_added"])
        action: dict[str, Any] = {"action": name}
        if name in NAMED:
            field, query = NAMED[name]
            ids = sorted(row[0] for row in writer.execute(query.encode(), (student,)))
            if not ids:
                return ""
            action[field] = dice.choice(ids)
        else:
            action |= {"title": f"G {dice.random()}", "url": "https://example.org"}
        take(api, org, student, action)
        return name
    change = dice.choice(CHANGES)
    values = {"org": org, "student": student, "dice": str(dice.random()), "number": dice.randrange(1000)}
    return change if writer.execute(change.encode(), values).rowcount else ""
