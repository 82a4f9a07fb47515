"""GET /metrics: what Prometheus scrapes, read by its own parser."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from prometheus_client.parser import text_string_to_metric_families

from tests.api.process import until
from tests.api.support import School
from tests.support import gate

SLOW = f"""
create table told as select 0 as number;
create sequence rounds;
grant all on told, rounds to public;
create or replace function api.metrics() returns json language plpgsql security definer set search_path = ''
as $$
declare
    found integer := (select number from public.told);
begin
    perform nextval('public.rounds'), {gate.PASS};
    return json_build_array(json_build_object('name', 'homeroom_test', 'help', '', 'samples',
        json_build_array(json_build_object('labels', json_build_object(), 'value', found))));
end $$
"""


def scrape(school: School) -> dict[tuple[str, str], float]:
    """Value by name and label."""
    answer = school.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_drift_and_deltas_are_there_to_be_scraped(own_school: School) -> None:
    aggregate = "board.course_rollup"
    with own_school.database.connect() as db:
        db.execute("select ops.verify()")
        before = scrape(own_school)
        assert before["homeroom_aggregate_drift", aggregate] == 0
        assert before["homeroom_deltas_unfolded", ""] > 0
        assert before["homeroom_recalculations_queued", ""] == 0
        db.execute("select board.fold(%s)", (own_school.org,))
        db.execute("update board.course_rollup set quiz_score_sum = quiz_score_sum - 5, enrollments = 9")
        db.execute("select ops.verify()")
        after = scrape(own_school)
    assert after["homeroom_aggregate_drift", aggregate] == 3 * (5 + 8)
    assert after["homeroom_aggregate_drifting_rows", aggregate] == 3
    assert after["homeroom_aggregate_drift", "board.organization_rollup"] == 0
    checked = "homeroom_aggregate_checked_timestamp_seconds"
    assert after[checked, aggregate] > before[checked, aggregate]


def test_jobs_are_there_to_be_scraped(own_school: School) -> None:
    with own_school.database.connect() as db:
        db.execute("call ops.run_due_jobs()")
        db.execute("update ops.job_run set error = 'disk full', failures = 1 where job = 'verify'")
    found = scrape(own_school)
    assert found["homeroom_job_failing", "verify"] == 1
    assert found["homeroom_job_failing", "fold totals"] == 0
    assert found["homeroom_job_due_timestamp_seconds", "fold totals"] > 0


def test_however_many_ask_the_database_is_asked_once_at_a_time(own_school: School, tasks: list[str]) -> None:
    """And nobody is told what was read before asking."""
    scrape(own_school)
    with own_school.database.connect() as db, ThreadPoolExecutor(24) as pool:
        db.execute(SLOW.encode())
        gate.shut(db)
        tasks.clear()
        first = pool.submit(scrape, own_school)
        until(lambda: gate.waiting(db) == 1)
        db.execute("update told set number = 1")
        later = [pool.submit(scrape, own_school) for _ in range(20)]
        until(lambda: tasks.count("/metrics") == 21)
        gate.release(db)
        assert first.result()["homeroom_test", ""] == 0
        assert {one.result()["homeroom_test", ""] for one in later} == {1}
        assert db.execute("select last_value from rounds").fetchone() == (2,)


def test_who_listens_and_does_not_read_is_seen(own_school: School) -> None:
    usage = ("homeroom_notify_queue_usage", "")
    until(lambda: scrape(own_school)[usage] == 0)
    with own_school.database.connect() as deaf, own_school.database.connect() as db:
        deaf.execute("listen nothing")
        deaf.execute("begin")
        deaf.execute("select 1")
        for number in range(4):
            db.execute("select pg_notify('nothing', repeat('x', 7900) || %s)", (str(number),))
        assert scrape(own_school)[usage] > 0
