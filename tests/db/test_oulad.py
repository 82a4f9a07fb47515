"""The OULAD import: what becomes of each row, of bad ones, of a second import, and of an interrupted one."""

import re
from pathlib import Path

import pytest

from db.oulad import ENTITIES, ImportFailed, import_oulad
from tests.support.oulad import BAD, counts, rows, small_school, staged, versions_of_rows, write
from tests.support.recount import drift
from tests.support.servers import Database

FUNCTIONS = Path(__file__).parents[2] / "db/functions/ingest"
TYPE_CHANGED = (
    "assessment_type says otherwise than before: "
    "an assignment (TMA) and a quiz (CMA, Exam) do not turn into each other"
)


def test_each_file_becomes_facts(database: Database, tmp_path: Path) -> None:
    results = import_oulad(database.url(), write(tmp_path, small_school()), organization="Open")
    assert counts(results) == {
        "courses": (2, 0, 0, 0),
        "assessments": (4, 0, 0, 0),
        "vle": (0, 0, 2, 0),
        "studentInfo": (3, 0, 1, 0),
        "studentRegistration": (4, 0, 0, 0),
        "studentAssessment": (6, 0, 0, 0),
        "studentVle": (4, 0, 0, 0),
    }
    assert rows(database, "select name, time_zone, source, external_id from school.organization") == [
        ("Open", "Europe/London", "oulad", "oulad")
    ]
    assert rows(
        database,
        "select external_id, code, title, starts_on::text, ends_on::text from school.course order by 1",
    ) == [
        ("AAA/2013J", "AAA-2013J", "AAA 2013J", "2013-10-01", "2014-06-26"),
        ("BBB/2014B", "BBB-2014B", "BBB 2014B", "2014-02-01", "2014-09-23"),
    ]
    people = (
        "select p.external_id, p.name, r.role "
        "from school.person p join school.person_role r on r.person_id = p.id order by 1"
    )
    assert rows(database, people) == [
        ("100", "Student 100", "student"),
        ("200", "Student 200", "student"),
        ("300", "Student 300", "student"),
    ]
    enrollments = (
        "select external_id, status, enrolled_on::text, ended_on::text from school.enrollment order by 1"
    )
    assert rows(database, enrollments) == [
        ("AAA/2013J/100", "completed", "2013-04-25", None),
        ("AAA/2013J/200", "completed", None, None),
        ("BBB/2014B/100", "dropped", "2013-12-10", "2014-02-13"),
        ("BBB/2014B/300", "dropped", "2014-01-12", None),
    ]
    work = "select '{0}', external_id, title, status, due_at::text, weight::text from school.{0}"
    assert rows(database, f"{work.format('assignment')} union all {work.format('quiz')} order by 2") == [
        ("assignment", "1", "TMA 1", "published", "2013-10-20 23:59:59+01", "10.00"),
        ("quiz", "2", "CMA 2", "published", "2013-10-31 23:59:59+00", "0.00"),
        ("quiz", "3", "Exam 3", "published", None, "100.00"),
        ("assignment", "4", "TMA 4", "published", "2014-08-20 23:59:59+01", "12.50"),
    ]
    done = (
        "select external_id, submitted_at::text, graded_at = submitted_at, grade::float, is_banked "
        "from school.submission union all "
        "select external_id, completed_at::text, null, score::float, is_banked "
        "from school.quiz_attempt order by 1"
    )
    assert rows(database, done) == [
        ("1/100", "2013-10-19 00:00:00+01", True, 78.0, False),
        ("1/200", "2013-10-23 00:00:00+01", True, 70.5, True),
        ("2/100", "2013-10-31 00:00:00+00", None, 100.0, False),
        ("2/200", "2013-11-01 00:00:00+00", None, None, False),
        ("3/100", "2014-02-06 00:00:00+00", None, 50.0, False),
        ("4/300", "2014-01-31 00:00:00+00", True, 60.0, False),
    ]
    clicks = (
        "select i.external_id, i.tableoid::regclass::text, occurred_at::text, "
        "p.external_id, c.code, agent_type, weight::float "
        "from school.interaction i "
        "join school.person p on p.id = student_id join school.course c on c.id = course_id order by 1"
    )
    first = ("school.interaction_2013_10", "2013-10-11 00:00:00+01", "100", "AAA-2013J", "resource", 4.0)
    assert rows(database, clicks) == [
        ("0000000002", *first),
        ("0000000003", *first),
        (
            "0000000004",
            "school.interaction_2013_09",  # in UTC it is September still
            "2013-10-01 00:00:00+01",
            "200",
            "AAA-2013J",
            "resource",
            1.0,
        ),
        (
            "0000000005",
            "school.interaction_2014_04",
            "2014-04-02 00:00:00+01",
            "300",
            "BBB-2014B",
            "forumng",
            2.0,
        ),
    ]
    assert rows(database, "select count(*) from ingest.rejected") == [(0,)]


@pytest.mark.parametrize("suffix", [".csv", ".csv.xz", ".csv.gz"])
def test_a_second_import_changes_nothing(database: Database, tmp_path: Path, suffix: str) -> None:
    files = small_school()
    for name, bad in BAD.items():
        files[name] += bad
    first = import_oulad(database.url(), write(tmp_path, files, suffix))
    before = versions_of_rows(database)
    assert before["school.interaction"][0] == 4
    second = import_oulad(database.url(), tmp_path, organization="Renamed")
    assert versions_of_rows(database) == before
    assert [(r.inserted, r.updated) for r in second] == [(0, 0)] * len(ENTITIES)
    assert [(r.lines, r.rejected) for r in second] == [(r.lines, r.rejected) for r in first]


def test_a_bad_row_is_kept_with_its_reason_and_breaks_no_other(database: Database, tmp_path: Path) -> None:
    clean, files = small_school(), small_school()
    expected: dict[tuple[str, int], str] = {}
    for name, bad in BAD.items():
        # Before the good ones, but after a blank line, which is no row and has a number; what repeats, last.
        files[name][1:1] = ["", *list(bad)[1:]]
        files[name].append(next(iter(bad)))
        expected |= {(name, line): reason for line, reason in enumerate(list(bad.values())[1:], start=3)}
        expected[name, len(files[name])] = next(iter(bad.values()))
    results = counts(import_oulad(database.url(), write(tmp_path, files)))
    rejected = rows(database, "select entity, line, reason from ingest.rejected")
    assert {(entity, line): reason for entity, line, reason in rejected} == expected
    assert {name: sum(parts[:3]) for name, parts in results.items()} == {
        name: len(lines) - 1 for name, lines in clean.items()
    }
    assert rows(database, "select count(*) from school.interaction") == [(4,)]
    assert not rows(database, "select from school.course where code like 'CCC%'")
    with database.connect() as db:
        assert drift(db) == []

    seen = dict(rows(database, "select line, row_data from ingest.rejected where entity = 'courses'"))
    assert seen[3] == {"code_module": "C/C", "code_presentation": "2013J", "module_presentation_length": "99"}
    assert [seen[line] for line in (6, 8, 9, 10)] == [
        "CCC,2013J",
        "CC\\x00,2013J,99",
        "CC\\xff,2013J,99",
        '"CCC,2013J,99',
    ]

    import_oulad(database.url(), write(tmp_path, clean))
    assert rows(database, "select count(*) from ingest.rejected") == [(0,)]


def test_every_reason_has_a_bad_row() -> None:
    said = {
        reason
        for file in FUNCTIONS.glob("oulad_*.sql")
        for reason in re.findall(r"then '(\w+ .*?)'", re.sub(r"\s+", " ", file.read_text()))
    }
    shown = {reason for bad in BAD.values() for reason in bad.values()}
    assert said - shown == {TYPE_CHANGED}


def test_changed_rows_replace_what_was_stored(database: Database, tmp_path: Path) -> None:
    files = small_school()
    import_oulad(database.url(), write(tmp_path, files))
    ids = "select external_id, id from school.{} order by 1"
    before = [rows(database, ids.format(table)) for table in ("submission", "quiz_attempt", "interaction")]

    with database.connect() as db:
        db.execute("update school.course set title = 'Arts'; update school.assignment set title = 'Essay'")

    files["courses"][1] = "AAA,2013J,269"
    files["assessments"][4] = "4,AAA,2013J,TMA,199,12.5"  # student 300 is not in that course
    files["vle"][2] = "20,BBB,2014B,ouwiki,,"
    files["studentRegistration"][2] = "AAA,2013J,200,,7"
    files["studentAssessment"][1] = "1,100,18,0,99.5"
    files["studentAssessment"][4] = "2,200,31,0,0"
    files["studentAssessment"][5] = "3,100,5,0,worse"
    files["studentVle"][1] = "AAA,2013J,100,10,40,4"  # another month
    files["studentVle"][2] = "AAA,2013J,200,10,10,5"  # the same month
    assert counts(import_oulad(database.url(), write(tmp_path, files))) == {
        "courses": (0, 1, 1, 0),
        "assessments": (0, 1, 3, 0),
        "vle": (0, 0, 2, 0),
        "studentInfo": (0, 0, 4, 0),
        "studentRegistration": (0, 1, 3, 0),
        "studentAssessment": (0, 2, 2, 2),
        "studentVle": (0, 3, 1, 0),
    }
    after = [rows(database, ids.format(table)) for table in ("submission", "quiz_attempt", "interaction")]
    assert after == before
    clicks = (
        "select external_id, occurred_at::date::text, agent_type, weight::int "
        "from school.interaction order by 1"
    )
    assert rows(database, clicks) == [
        ("0000000002", "2013-11-10", "resource", 4),
        ("0000000003", "2013-10-11", "resource", 5),
        ("0000000004", "2013-10-01", "resource", 1),
        ("0000000005", "2014-04-02", "ouwiki", 2),
    ]
    titles = "select distinct title from school.course union all select distinct title from school.assignment"
    assert rows(database, titles) == [("Arts",), ("Essay",)]
    # Of 100 counts what is in AAA, of 200 nothing any more, of 300 nothing yet; what turned bad stays.
    totals = (
        "select p.external_id, total_assignments_completed, assignment_score_sum::float, "
        "total_quizzes_completed, quiz_score_sum::float "
        "from board.student_performance join school.person p on p.id = student_id order by 1"
    )
    nothing = (0, 0.0, 0, 0.0)
    assert rows(database, totals) == [("100", 1, 99.5, 1, 100.0), ("200", *nothing), ("300", *nothing)]
    assert rows(database, "select score::int from school.quiz_attempt where external_id = '3/100'") == [(50,)]
    with database.connect() as db:
        assert drift(db) == []

    assert [(r.inserted, r.updated) for r in import_oulad(database.url(), tmp_path)] == [(0, 0)] * 7


def test_an_assignment_does_not_turn_into_a_quiz(database: Database, tmp_path: Path) -> None:
    files = small_school()
    import_oulad(database.url(), write(tmp_path, files))
    files["assessments"][1] = "1,AAA,2013J,CMA,19,10"
    files["assessments"][2] = "2,AAA,2013J,TMA,30,0"
    results = counts(import_oulad(database.url(), write(tmp_path, files)))
    assert results["assessments"] == (0, 0, 2, 2)
    assert results["studentAssessment"] == (0, 0, 6, 0)
    assert rows(database, "select line, reason from ingest.rejected order by 1") == [
        (2, TYPE_CHANGED),
        (3, TYPE_CHANGED),
    ]


def test_what_a_person_renamed_or_did_by_hand_stays(database: Database, tmp_path: Path) -> None:
    import_oulad(database.url(), write(tmp_path, small_school()))
    with database.connect() as db:
        db.execute("update school.course set title = 'Arts'")
        db.execute("update school.person set name = 'Ann', is_active = false where external_id = '100'")
        db.execute("update school.assignment set title = 'Essay', status = 'closed'")
    before = versions_of_rows(database)
    import_oulad(database.url(), tmp_path)
    assert versions_of_rows(database) == before


@pytest.mark.parametrize(
    ("name", "lines", "message"),
    [
        ("studentInfo", None, "holds no studentInfo.csv, studentInfo.csv.xz or studentInfo.csv.gz"),
        ("studentVle", None, "holds no studentVle.csv, studentVle.csv.xz or studentVle.csv.gz"),
        ("courses", [], "courses.csv must name once in its first line: code_module, code_presentation"),
        ("vle", ["id_site,activity_type"], "vle.csv must name once in its first line: code_module"),
        ("assessments", ["date," + small_school()["assessments"][0]], "once in its first line: date"),
        ("studentVle", ["<!DOCTYPE html>"], "studentVle.csv must name once in its first line"),
        ("studentVle", ["\udcff"], "studentVle.csv must name once in its first line"),
    ],
)
def test_files_are_looked_at_before_anything_is_written(
    tmp_path: Path, name: str, lines: list[str] | None, message: str
) -> None:
    files = small_school()
    if lines is None:
        del files[name]
    else:
        files[name] = lines
    with pytest.raises(ImportFailed, match=re.escape(message)):
        import_oulad("host=/nowhere", write(tmp_path, files))  # a database is not even asked


def test_columns_come_in_any_order_and_a_part_of_a_file_will_do(database: Database, tmp_path: Path) -> None:
    files = small_school()
    files["courses"] = ["\ufeffcode_presentation,module_presentation_length,x,code_module", "2013J,268,,AAA"]
    write(tmp_path, files)
    (tmp_path / "studentVle.csv").rename(tmp_path / "studentVle.partial.csv")
    results = counts(import_oulad(database.url(), tmp_path))
    assert results["courses"] == (1, 0, 0, 0)
    assert results["studentVle"] == (3, 0, 0, 1)


@pytest.mark.parametrize("suffix", [".csv.xz", ".csv.gz"])
def test_a_damaged_file_ends_the_import_with_its_name(
    database: Database, tmp_path: Path, suffix: str
) -> None:
    files = small_school()
    files["studentAssessment"] += [f"{n},{n * n},{n % 97},0,1" for n in range(20_000)]
    write(tmp_path, files, suffix)
    file = tmp_path / f"studentAssessment{suffix}"
    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(ImportFailed, match=f"studentAssessment{suffix} is damaged: "):
        import_oulad(database.url(), tmp_path)
    assert rows(database, "select count(*) from school.course") == [(0,)]
    assert staged(database) == 0


def test_one_import_at_a_time(database: Database, tmp_path: Path) -> None:
    write(tmp_path, small_school())
    refused = []

    def meanwhile(entity: str, lines: int, done: int, size: int) -> None:
        with pytest.raises(ImportFailed, match="another import is running"):
            import_oulad(database.url(), tmp_path)
        refused.append(entity)

    import_oulad(database.url(), tmp_path, progress=meanwhile)
    assert refused == [entity.name for entity in ENTITIES]
    assert rows(database, "select count(*) from school.interaction") == [(4,)]


def test_ctrl_c_leaves_whole_transactions(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.oulad.CLICKS_AT_ONCE", 2)
    write(tmp_path, small_school())

    def interrupt(entity: str, lines: int, done: int, size: int) -> None:
        if entity == "studentVle":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_oulad(database.url(), tmp_path, progress=interrupt)
    assert rows(database, "select external_id from school.interaction order by 1") == [
        ("0000000002",),
        ("0000000003",),
    ]
    assert staged(database) == 0

    told: list[tuple[str, int]] = []
    results = import_oulad(
        database.url(), tmp_path, progress=lambda name, lines, *_: told.append((name, lines))
    )
    assert counts(results)["studentVle"] == (2, 0, 2, 0)
    assert told[-3:] == [("studentVle", 2), ("studentVle", 4), ("studentVle", 4)]


def test_rejections_of_a_part_are_that_parts(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.oulad.CLICKS_AT_ONCE", 2)
    files = small_school()
    files["studentVle"] += list(BAD["studentVle"])
    import_oulad(database.url(), write(tmp_path, files))
    query = "select line from ingest.rejected order by 1"
    assert rows(database, query) == [(line,) for line in range(6, 12)]
    del files["studentVle"][5:8]  # the lines of good rows stay what they were
    import_oulad(database.url(), write(tmp_path, files))
    assert rows(database, query) == [(6,), (7,), (8,)]
    assert rows(database, "select count(*) from school.interaction") == [(4,)]


def test_a_member_of_the_owner_may_import(database: Database, tmp_path: Path) -> None:
    login = f"importer_of_{database.name}"
    with database.connect() as db:
        db.execute(f"create role {login} login in role homeroom_owner".encode())
        try:
            import_oulad(database.url(login), write(tmp_path, small_school()))
        finally:
            db.execute(f"drop role {login}".encode())
    assert rows(database, "select count(*) from school.interaction") == [(4,)]
