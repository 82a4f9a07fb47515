"""The student's dashboard as a whole: of nobody's facts, of ten thousand, for one and for many.

Each test is one transaction, so that its now() stands still and moments are met to the microsecond.
"""

import json

from tests.support import school
from tests.support.desk import Desk
from tests.support.servers import Database

NOTHING = {
    "readiness": {"score": None, "time_to_ready": None, "trend_7d": None, "gaps": "upgrade_required"},
    "today": {"primary_action": None, "secondary_actions": []},
    "quick_stats": {
        "points": 0,
        "streak_days": 0,
        "badges": 0,
        "missions_completed": 0,
        "hours_this_week": 0,
    },
    "cards": {
        "coaching": {"habits_done": 0, "habits_total": 0, "active_goals": 0, "streak_days": 0},
        "missions": {
            **{
                "started": 0,
                "submitted": 0,
                "in_review": 0,
                "approved": 0,
                "rejected": 0,
                "missions_in_review": 0,
            },
        },
        "portfolio": {
            **{"draft": 0, "submitted": 0, "in_review": 0, "approved": 0, "rejected": 0, "health": None},
        },
        "cohort": {"cta": "Join cohort"},
        "subscription": {"tier": "free", "days_left": None},
        "assignments": {"due": 0, "overdue": 0, "ungraded": 0},
    },
    "notifications": {"unread": 0, "urgent": 0, "latest": []},
    "ai_nudge": "upgrade_required",
    "ai_nudge_id": None,
    "flags": {
        **{"live_session_now": False, "review_arrived": False, "nudge_new": False, "deadline_today": False},
        "enhanced_access_expiring": False,
    },
    "missions_in_review": 0,
    "sources": {},
}


def test_a_person_without_any_fact(desk: Desk) -> None:
    assert desk.document() == NOTHING


def test_a_cold_start_computes_and_stores(desk: Desk) -> None:
    stored = (
        "select c.version, c.document is null, c.seen_at is null, board.is_fresh(c) "
        "from board.student_dashboard_cache as c"
    )
    assert desk.db.execute(stored).fetchone() == (0, True, True, None)
    for _ in range(2):
        read = "select (board.current_student_dashboard(%s, %s)).document::text"
        answer = desk.db.execute(read, (desk.org, desk.student)).fetchone()
        assert answer and json.loads(answer[0]) == NOTHING
    assert desk.db.execute(stored).fetchone() == (1, False, False, True)


def test_who_is_no_student_gets_a_document_that_is_not_stored(desk: Desk) -> None:
    stranger = school.make_person(desk.db, desk.org)
    read = "select (board.current_student_dashboard(%s, %s)).document::text"
    answer = desk.db.execute(read, (desk.org, stranger)).fetchone()
    assert answer and json.loads(answer[0]) == NOTHING
    count = "select count(*) from board.student_dashboard_cache where student_id = %s"
    assert desk.db.execute(count, (stranger,)).fetchone() == (0,)


def test_ten_thousand_facts_of_each_kind(desk: Desk) -> None:
    desk.premium()
    habit = desk.add("habit", title="reading")
    today, _, week_begins = desk.clock()
    names = {"org": desk.org, "student": desk.student, "habit": habit, "today": today, "week": week_begins}
    for statement in (
        "insert into school.point_award (org_id, student_id, points, reason) select {}, n %% 10, 'x' from {}",
        "insert into school.badge (org_id, student_id, name) select {}, 'x' from {}",
        "insert into school.goal (org_id, student_id, title) select {}, 'x' from {}",
        "insert into school.habit_log (org_id, student_id, habit_id, day) "
        "select {}, %(habit)s, %(today)s - n + 1 from {}",
        "insert into school.interaction (org_id, student_id, agent_type, occurred_at, duration_ms) "
        "select {}, 'forum', %(week)s + interval '1 second' * n, 36000 from {}",
        "insert into school.readiness_score (org_id, student_id, scored_at, score) "
        "select {}, now() - interval '1 hour' * n, 50 + n / 1000.0 from {}",
        "insert into school.notification (org_id, person_id, title, is_urgent, created_at) "
        "select {}, 'n' || n, n %% 4 = 0, now() - interval '1 minute' * n from {}",
        "insert into school.portfolio_item (org_id, student_id, title, state, quality, reviewed_at) "
        "select {}, 'x', 'approved', n %% 101, now() - interval '2 days' from {}",
        "insert into school.ai_nudge (org_id, student_id, message, created_at) "
        "select {}, 'm' || n, now() - interval '1 day' * n from {}",
        "with m as (insert into school.mission (org_id, title) "
        "select %(org)s, 'm' || n from {1} returning id) "
        "insert into school.mission_attempt (org_id, student_id, mission_id) select {0}, m.id from m",
    ):
        statement = statement.format("%(org)s, %(student)s", "generate_series(1, 10000) as n")
        desk.db.execute(statement.encode(), names)
    document = desk.document()
    # A score an hour. At noon and some minutes the seventh day ago ended 157 scores ago: 50.001 - 50.157.
    assert document["readiness"]["score"] == "50.00"
    assert document["readiness"]["trend_7d"] == "-0.2"
    assert document["quick_stats"] == {
        **{"points": 45000, "streak_days": 10000, "badges": 10000, "missions_completed": 0},
        "hours_this_week": "100.0",
    }
    assert document["cards"]["coaching"] == {
        **{"habits_done": 1, "habits_total": 1, "active_goals": 10000, "streak_days": 10000},
    }
    assert document["cards"]["missions"]["started"] == 10000
    # Quality: 99 times 0 to 100, and 1 once: 0.7 * (99 * 5050 + 1) / 10000 + 0.3 * 100.
    assert document["cards"]["portfolio"]["approved"] == 10000
    assert document["cards"]["portfolio"]["health"] == "65.00"
    assert (document["notifications"]["unread"], document["notifications"]["urgent"]) == (10000, 2500)
    assert [n["title"] for n in document["notifications"]["latest"]] == ["n1", "n2", "n3", "n4", "n5"]
    assert document["ai_nudge"] == "m1"
    assert document["today"]["primary_action"]["title"] == "m1"
    assert [a["title"] for a in document["today"]["secondary_actions"]] == [
        "m10",
        "m100",
        "m1000",
        "m10000",
        "m1001",
    ]


def test_set_wise_is_one_by_one(database: Database) -> None:
    with database.connect() as db, db.transaction():
        org = db.execute("select ops.seed_school('Many', 200, current_date)").fetchone()
        assert org
        db.execute("analyze")
        rows = (
            "select (to_jsonb(d) - '{computed_in,scopes}'::text[])::text, "
            "(select array_agg(s order by s) from unnest(d.scopes) as s)"
        )
        students = (
            "(select array_agg(c.student_id order by c.student_id) from board.student_dashboard_cache as c)"
        )
        together = db.execute(
            f"{rows} from board.student_documents(%s, {students}) as d order by d.student_id".encode(), org
        ).fetchall()
        alone = db.execute(
            f"{rows} from unnest({students}) as s (id) "
            "cross join lateral board.student_documents(%s, array[s.id]) as d order by d.student_id".encode(),
            org,
        ).fetchall()
        assert len(together) == 200
        assert together == alone
        assert len({row[0] for row in together}) == 200
