"""How the dashboards of teachers, tutors and parents are kept ready: told by their students' marks."""

import json
import random
import signal
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.listener.dashboards import Session, award, crowd, one, students_of
from tests.listener.support import until, working
from tests.support import school
from tests.support.dashboards import OTHERS_COMPARED
from tests.support.servers import Database

WAITING = (
    "select count(*) from board.dashboard_update_queue "
    "where subject in ('teacher', 'tutor', 'parent') and processed_at is null and dead_at is null"
)
VERSION = "select version from board.dashboard_cache where person_id = %s"
CURRENT = "select board.is_current(c) from board.dashboard_cache as c where person_id = %s"


class Class:
    """A course with a teacher, a student, the student's parent and tutor: each of them has looked."""

    def __init__(self, db: Session) -> None:
        self.db = db
        self.org = school.make_org(db)
        self.student = school.make_person(db, self.org, "student", name="ann")
        self.teacher, self.tutor, self.parent = (
            school.make_person(db, self.org, role) for role in ("teacher", "tutor", "parent")
        )
        self.course = school.make_course(db, self.org, teacher=self.teacher)
        school.enroll(db, self.org, self.student, self.course)
        school.make_tutor(db, self.org, self.tutor, self.student)
        school.make_guardian(db, self.org, self.parent, self.student)
        self.everybody = (self.teacher, self.tutor, self.parent)
        self.drain()
        for person, role in zip(self.everybody, ("teacher", "tutor", "parent"), strict=True):
            look(db, self.org, role, person)
        assert self.current() == [True] * 3

    def drain(self) -> None:
        """Let the queue be empty."""
        while one(self.db, "select board.drain_queue()"):
            pass

    def grade(self) -> UUID:
        """Give the student a grade."""
        return school.submit(
            self.db, self.org, school.make_assignment(self.db, self.org, self.course), self.student, 80
        )

    def current(self) -> list[bool]:
        """Whose dashboard is up to date."""
        return [one(self.db, CURRENT, person) for person in self.everybody]


def look(db: Session, org: int, role: str, person: UUID) -> Any:
    """Read a dashboard as its person does."""
    return one(db, "select (board.current_dashboard(%s, %s, %s)).document", org, role, person)


@pytest.fixture
def room(db: Session) -> Class:
    """The class of one test."""
    return Class(db)


def test_who_looks_for_the_first_time_does_not_wait_for_a_worker(database: Database, db: Session) -> None:
    org = school.make_org(db)
    teacher = school.make_person(db, org, "teacher")
    school.make_course(db, org, teacher=teacher)
    with (
        database.connect(autocommit=False) as worker,
        database.connect(options="-c lock_timeout=2s") as reader,
    ):
        assert one(db, WAITING) > 0
        worker.execute("select board.drain_dashboards(%s)", (org,))
        refreshed = reader.execute("select board.refresh_dashboards(%s, 'teacher', %s)", (org, [teacher]))
        assert refreshed.fetchone() == (1,)
        worker.rollback()
    assert one(db, WAITING) > 0, "what the worker took back is still to be finished"
    while one(db, "select board.drain_queue()"):
        pass
    assert one(db, WAITING) == 0


def test_what_a_student_did_is_passed_on(room: Class) -> None:
    before = [one(room.db, VERSION, person) for person in room.everybody]
    room.grade()
    assert room.current() == [False] * 3
    room.drain()
    assert room.current() == [True] * 3
    assert [one(room.db, VERSION, person) for person in room.everybody] == [n + 1 for n in before]
    assert one(room.db, WAITING) == 0


def test_who_has_computed_since_is_not_told(room: Class) -> None:
    room.grade()
    look(room.db, room.org, "teacher", room.teacher)
    version = one(room.db, VERSION, room.teacher)
    told = "select count(*) from board.dashboard_update_queue where subject_id = %s"
    before = one(room.db, told, room.teacher), one(room.db, told, room.parent)
    room.drain()
    assert one(room.db, told, room.teacher) == before[0]
    assert one(room.db, told, room.parent) > before[1]
    assert one(room.db, VERSION, room.teacher) == version
    assert room.current() == [True] * 3


def test_who_does_not_look_is_left_alone_and_reads_the_truth(room: Class) -> None:
    room.db.execute(
        "update board.dashboard_cache set seen_at = now() - interval '25 hours' where person_id = %s",
        (room.teacher,),
    )
    never = school.make_person(room.db, room.org, "teacher")
    school.make_teacher(room.db, room.org, room.course, never)
    room.grade()
    room.drain()
    assert room.current() == [False, True, True]
    assert one(room.db, "select document is null from board.dashboard_cache where person_id = %s", never)
    assert one(room.db, WAITING) == 0
    for teacher in (room.teacher, never):
        (assignment,) = look(room.db, room.org, "teacher", teacher)["assignments"]
        assert assignment["graded"] == 1


def test_a_shared_fact_is_passed_on(room: Class) -> None:
    assignment = school.make_assignment(room.db, room.org, room.course)
    room.drain()
    room.db.execute("update school.assignment set title = 'Anew' where id = %s", (assignment,))
    assert one(room.db, CURRENT, room.teacher) is False
    room.drain()
    assert room.current() == [True] * 3
    (said,) = one(
        room.db, "select document -> 'assignments' from board.dashboard_cache where role = 'teacher'"
    )
    assert said["title"] == "Anew"


def test_what_is_mended_is_computed_anew(room: Class) -> None:
    room.grade()
    room.db.execute("update board.student_course_performance set assignment_score_sum = 7")
    room.drain()
    children = "select document #>> '{children,0,student_profile,overall_average_score}' "
    average = children + "from board.dashboard_cache where person_id = %s"
    assert one(room.db, average, room.parent) == "7.00"
    room.db.execute("select ops.mend_students(%s, array[%s])", (room.org, room.student))
    assert room.current() == [False] * 3
    room.drain()
    assert one(room.db, average, room.parent) == "80.00"


def test_a_setting_is_heard(room: Class) -> None:
    room.db.execute("update ops.setting set value = value + 1 where name = 'attention_days'")
    assert room.current() == [False] * 3
    room.drain()
    assert room.current() == [True] * 3
    room.db.execute("update ops.setting set value = value + 1 where name = 'feed_days'")
    assert room.current() == [True] * 3, "which is none of theirs"


def test_time_is_the_jobs_business(room: Class) -> None:
    room.db.execute("update board.dashboard_cache set fresh_until = now()")
    room.db.execute(
        "update board.dashboard_cache set seen_at = now() - interval '25 hours' where person_id = %s",
        (room.tutor,),
    )
    assert one(room.db, "select board.refresh_stale_dashboards(%s)", room.org) == 2
    assert room.current() == [True, False, True]


def test_an_operator_has_them_computed_anew(room: Class) -> None:
    assert one(room.db, "select board.mark_dashboards(%s)", room.org) == 3
    assert room.current() == [False] * 3
    room.drain()
    assert room.current() == [True] * 3


def test_one_who_cannot_be_computed_holds_nobody_up_and_ends_as_a_dead_letter(room: Class) -> None:
    other = school.make_person(room.db, room.org, "teacher")
    school.make_teacher(room.db, room.org, room.course, other)
    look(room.db, room.org, "teacher", other)
    room.drain()
    room.db.execute(
        "alter table board.dashboard_cache add constraint poisoned "
        f"check (person_id <> '{room.teacher}' or document::text not like '%\"graded\": 1%')".encode()
    )
    room.grade()
    for attempt in range(1, 6):
        room.db.execute("update board.dashboard_update_queue set not_before = null")
        room.drain()
        state = room.db.execute(
            "select distinct attempts, dead_at is not null, last_error like '%%poisoned%%' "
            "from board.dashboard_update_queue where subject_id = %s and processed_at is null",
            (room.teacher,),
        ).fetchall()
        assert state == [(attempt, attempt == 5, True)]
        assert room.current() == [False, True, True]
        assert one(room.db, CURRENT, other)
    room.db.execute("alter table board.dashboard_cache drop constraint poisoned")
    assert look(room.db, room.org, "teacher", room.teacher)["assignments"][0]["graded"] == 1, "a read tries"
    assert room.current() == [True] * 3
    dead = "select count(*) from board.dashboard_update_queue where dead_at is not null"
    assert one(room.db, dead) == 0


def test_a_student_who_cannot_be_computed_is_no_reason_to_tell_nobody(room: Class) -> None:
    room.db.execute(
        "alter table board.student_dashboard_cache add constraint poisoned check (document is null) not valid"
    )
    room.grade()
    room.drain()
    assert room.current() == [True] * 3


def test_who_is_gone_is_no_reason_to_tell_nobody(room: Class) -> None:
    room.grade()
    room.drain()
    room.db.execute("delete from school.person where id = %s", (room.student,))
    assert room.current()[0] is False
    room.drain()
    assert room.current() == [True] * 3
    assert look(room.db, room.org, "parent", room.parent) == {"children": []}


def test_a_reader_does_not_wait_for_a_batch(database: Database, room: Class) -> None:
    room.grade()
    with database.connect(autocommit=False) as worker:
        worker.execute("select board.refresh_dashboards(%s, 'teacher', array[%s])", (room.org, room.teacher))
        room.grade()
        said = look(room.db, room.org, "teacher", room.teacher)
        assert [a["graded"] for a in said["assignments"]] == [1, 1], "computed, not stored"
    assert one(room.db, CURRENT, room.teacher) is False, "the worker had not seen the second"


@pytest.mark.long
def test_killed_again_and_again_it_loses_nobody(database: Database, room: Class, log: Path) -> None:
    dice = random.Random(12)
    for _ in range(10 if database.version == 18 else 3):
        with working(database, log) as worker:
            for _ in range(5):
                room.grade()
                time.sleep(dice.random() / 10)
            assert worker.end(signal.SIGKILL) == -signal.SIGKILL
        looks = room.db.execute(OTHERS_COMPARED, {"org": room.org}).fetchall()
        assert [row for row in looks if row[2] and row[3]] == []
    room.db.execute("update board.dashboard_cache set seen_at = now()")
    before = len(worker.lines("working"))
    with working(database, log) as worker:
        until(lambda: room.current() == [True] * 3)
        # What a killed one had begun may have been finished without this one.
        until(lambda: len(worker.lines("working")) > before)
        assert worker.end() == 0
    assert {row[3] for row in room.db.execute(OTHERS_COMPARED, {"org": room.org}).fetchall()} == {False}
    assert one(room.db, WAITING) == 0


# --- Who is connected comes first


def present(db: Session, org: int, role: str, *people: UUID) -> None:
    """Let these people be connected."""
    told = [{"org": org, "role": role, "person": str(person)} for person in people]
    db.execute("select api.feed_present(%s)", (json.dumps(told),))


def fresh(db: Session) -> set[UUID]:
    query = "select student_id from board.student_dashboard_cache as c where board.is_fresh(c)"
    return {row[0] for row in db.execute(query.encode())}


def test_students_who_are_connected_come_first_and_the_others_have_their_turn(db: Session) -> None:
    org = school.make_org(db)
    crowd(db, org, 12)
    while one(db, "select board.drain_queue()"):
        pass
    award(db, org)
    students = students_of(db, org)
    present(db, org, "student", *students[8:])
    db.execute(
        "update feed.presence set until = now() - interval '1 second' where person_id = %s", (students[11],)
    )
    assert one(db, "select board.drain_students(%s, 1)", org) == 1
    assert fresh(db) <= set(students[8:11])
    assert one(db, "select board.drain_students(%s, 4)", org) == 4
    assert set(students[8:11]) < fresh(db), "half of them are connected"
    assert len(fresh(db)) == 5
    while one(db, "select board.drain_students(%s, 4)", org):
        pass
    assert fresh(db) == set(students)


def test_teachers_who_are_connected_come_first(room: Class) -> None:
    teachers = [school.make_person(room.db, room.org, "teacher") for _ in range(6)]
    for teacher in teachers:
        school.make_teacher(room.db, room.org, room.course, teacher)
        look(room.db, room.org, "teacher", teacher)
    room.drain()
    present(room.db, room.org, "teacher", teachers[4])
    present(room.db, room.org, "parent", teachers[5])
    room.grade()
    room.db.execute("select board.drain_students(%s)", (room.org,))
    room.db.execute("select board.drain_dashboards(%s, 1)", (room.org,))
    assert [one(room.db, CURRENT, teacher) for teacher in teachers] == [False] * 4 + [True, False]
    room.drain()
    assert [one(room.db, CURRENT, teacher) for teacher in teachers] == [True] * 6


def test_presence_is_believed_for_a_minute_and_then_forgotten(db: Session) -> None:
    person = school.make_person(db, org := school.make_org(db), "student")
    present(db, org, "student", person, person)
    (left,) = db.execute("select until - now() from feed.presence").fetchone() or (timedelta(),)
    assert timedelta(seconds=50) < left <= timedelta(seconds=60)
    assert one(db, "select feed.prune_presence()") == 0
    db.execute("update feed.presence set until = now() - interval '1 second'")
    assert one(db, "select feed.prune_presence()") == 1
    assert one(db, "select count(*) from feed.presence") == 0
