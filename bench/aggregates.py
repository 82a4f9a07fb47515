"""What exact aggregates cost: each figure a ratio against a baseline of the same run.

    python -m bench.aggregates [--quick] [single] [batch] [writers] [folds] [verify]

Everything runs on an embedded server that is thrown away, with fsync and synchronous_commit on. The sides of
a comparison are copies of one database: `none` has our triggers disabled (constraints, foreign keys and
indexes stay), `ours` has those of the aggregates, `seed` recalculates the student at each saved row as the
first system did, `every` has also what marks dashboards and tells the live feed. They take turns, each with
the same number of rows, and are vacuumed and checkpointed before each comparison.
A whole run takes about four minutes, --quick (single facts and batches at 10 courses) twenty seconds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable
from statistics import median

from bench.facts import (
    GRADED,
    School,
    aggregates_alone,
    build,
    copy,
    execute,
    pgbench,
    seeds_way,
    server,
    settle,
    without_triggers,
)
from db.embedded import Embedded

BATCH = 1000  # rows
EACH = 30  # assignments of a course for single facts, and as many for batches over a class
HISTORY = 10_000  # students times courses, with GRADED works each
CLIENTS = 32
OWN = 100  # students of each client
SIDES: dict[str, Callable[[Embedded, str], None]] = {
    "none": without_triggers,
    "ours": aggregates_alone,
    "seed": seeds_way,
    "every": lambda server, database: None,
}
OURS = ("none", "ours")
WITHOUT_SEED = ("none", "ours", "every")

INSERT = """insert into school.submission
(org_id, assignment_id, course_id, student_id, submitted_at, grade, graded_at)
"""


def row(course: str, work: str, student: str) -> str:
    """The values of a graded submission."""
    return (
        f"1, md5('work' || ({course}) || '/' || ({work}))::uuid, md5('course' || ({course}))::uuid, "
        f"md5('student' || ({student}))::uuid, now(), ({student}) % 101, now()"
    )


def single_script(school: School) -> str:
    """One graded submission: students in turns, far from each other; then another course, another work."""
    return (
        "\\set i :i + 1\n"
        f"\\set student (:i * 7919) % {school.students}\n"
        f"\\set course (:i / {school.students}) % {school.courses}\n"
        f"\\set work {GRADED} + :i / {school.students * school.courses}\n"
        f"{INSERT} values ({row(':course', ':work', ':student')});\n"
    )


def class_script(school: School) -> str:
    """One work of as many students as a batch has rows."""
    return (
        "\\set i :i + 1\n"
        f"\\set course :i % {school.courses}\n"
        f"\\set work {GRADED + EACH} + :i / {school.courses}\n"
        f"{INSERT} select {row(':course', ':work', 's')} from generate_series(0, {BATCH - 1}) as s;\n"
    )


def one_script(school: School) -> str:
    """As many works of one student, over all courses."""
    work = f"{GRADED + 2 * EACH} + n / {school.courses}"
    return (
        "\\set i :i + 1\n"
        f"{INSERT} select {row(f'n % {school.courses}', work, ':i')} "
        f"from generate_series(0, {BATCH - 1}) as n;\n"
    )


def compare(
    server: Embedded, script: str, transactions: int, rounds: int, sides: Iterable[str]
) -> dict[str, float]:
    """Return each side's microseconds per transaction: medians of alternating rounds."""
    sides = list(sides)
    settle(server, *sides)
    times: dict[str, list[float]] = {side: [] for side in sides}
    warming = max(transactions // 5, 1)
    for side in sides:
        pgbench(server, side, script, warming)
    for number in range(rounds):
        for side in sides if number % 2 else sides[::-1]:
            rate = pgbench(server, side, script, transactions, start=warming + number * transactions)
            times[side].append(1e6 / rate)
    return {side: median(taken) for side, taken in times.items()}


def show(name: str, taken: dict[str, float], required: float, rows: int = 1) -> None:
    """Print a comparison, per row."""
    none = taken["none"]
    text = f"{name:<42}{none / rows:8.1f} us without"
    for side in ("ours", "seed", "every"):
        if side in taken:
            text += f"{taken[side] / rows:9.1f} us {side} {taken[side] / none:5.2f}"
            text += f" (required: {required})" if side == "ours" else ""
    print(text, flush=True)


def facts(server: Embedded, courses: Iterable[int], parts: set[str], scale: float) -> None:
    """Measure single facts and batches, for students in so many courses."""
    for n in courses:
        school = School(students=HISTORY // n, courses=n, works=GRADED + 2 * EACH + BATCH // n)
        build(server, school, "facts")
        copy(server, "facts", *SIDES)
        for side, prepare in SIDES.items():
            prepare(server, side)
        print(f"\n{n} courses a student, {school.students:,} students, {HISTORY * GRADED:,} graded works")
        if "single" in parts:
            taken = compare(server, single_script(school), int(1000 * scale), 5, SIDES)
            show("one graded fact, own transaction", taken, 1.5)
        if "batch" in parts:
            if school.students >= BATCH:
                taken = compare(server, class_script(school), int(6 * scale), 4, WITHOUT_SEED)
                show(f"batch of {BATCH:,} over {BATCH:,} students, per row", taken, 1.7, BATCH)
            taken = compare(server, one_script(school), int(6 * scale), 5, WITHOUT_SEED)
            show(f"batch of {BATCH:,} over one student, per row", taken, 1.2, BATCH)


def writers(server: Embedded) -> None:
    """Measure single facts of several writers, each with students of its own."""
    works = 1000  # assignments of a course; each client has a share of its own
    school = School(students=CLIENTS * OWN, courses=CLIENTS, works=works, graded=0)
    build(server, school, "facts")
    copy(server, "facts", *OURS)
    without_triggers(server, "none")
    aggregates_alone(server, "ours")

    def script(course: str, work: str) -> str:
        student = f":client_id * {OWN} + :i % {OWN}"
        return f"\\set i :i + 1\n{INSERT} values ({row(course, work, student)});\n"

    share = works // 2 // CLIENTS
    same = f":i / {OWN}"
    own = f"{works // 2} + :client_id * {share} + :i / {OWN}"
    total = 3000  # transactions of a round

    def measure(name: str, clients: int, scripts: dict[str, str]) -> None:
        settle(server, *OURS)
        rates: dict[tuple[str, str], list[float]] = {(c, s): [] for c in scripts for s in OURS}
        each = total // clients
        for number in range(5):
            for case, side in list(rates)[:: 1 if number % 2 else -1]:
                start = (number * len(scripts) + list(scripts).index(case)) * each
                rates[case, side].append(
                    pgbench(server, side, scripts[case], each, clients=clients, start=start)
                )
        for case in scripts:
            without, ours = (median(rates[case, side]) for side in OURS)
            print(f"{name + case:<58}{without:8,.0f} /s without {ours:8,.0f} /s ours {ours / without:5.2f}")
        for side in OURS:
            if len(scripts) > 1:
                one, many = (median(rates[case, side]) for case in scripts)
                required = "(required: 0.90)" if side == "ours" else ""
                print(f"{'    one course against 32, ' + side:<58}{one / many:8.2f} {required}", flush=True)

    print("\nwriters at once, a graded fact in each transaction")
    # The ranges of :i, and so the rows, of the cases do not meet.
    measure("1 writer", 1, {"": script("0", f"{works // 2 - 1} - :i / {OWN}")})
    measure("8 writers", 8, {", one course, own assignments": script("31", f"{works - 1} - :i / {OWN}")})
    cases = {", one course, own assignments": script("0", own), ", 32 courses": script(":client_id", own)}
    measure("32 writers", CLIENTS, cases)
    cases = {
        ", one course, one assignment": script("0", same),
        ", 32 courses of one assignment": script("1 + :client_id % 31", same),
    }
    measure("32 writers", CLIENTS, cases)


def folds(server: Embedded) -> None:
    """Measure folding, and reading totals with so many deltas unfolded."""
    school = School(students=100, courses=100, works=1, graded=1)
    build(server, school, "folds")
    read = "select * from board.course_total where org_id = 1 and course_id = md5('course7')::uuid;"
    read_all = "select * from board.organization_total where org_id = 1;"
    print(
        "\ndeltas unfolded (over 100 courses)    a course's total    the organization's    fold of them all"
    )
    for deltas in (0, 1_000, 100_000):
        execute(
            server,
            "folds",
            "select board.fold(1)",
            "insert into board.work_delta "
            "(org_id, course_id, total_assignments_completed, assignment_score_sum) "
            f"select 1, md5('course' || n % 100)::uuid, 1, 80 from generate_series(1, {deltas}) as n",
            "vacuum analyze board.work_delta",
        )
        reads = [
            1e6 / pgbench(server, "folds", query, 20 if deltas > 9999 else 500) for query in (read, read_all)
        ]
        began = time.perf_counter()
        execute(server, "folds", "select board.fold(1)")
        taken = time.perf_counter() - began
        rate = f"{deltas / taken:,.0f} a second" if deltas else f"{taken * 1000:.1f} ms"
        print(f"{deltas:10,} {reads[0]:33,.0f} us {reads[1]:18,.0f} us {rate:>22}", flush=True)


def verify(server: Embedded) -> None:
    """Measure the comparison of all aggregates as the facts double."""
    print("\nverify (ops.drift)")
    before = 0.0
    for students in (1000, 2000, 4000):
        build(server, School(students=students, courses=10, works=GRADED), "facts")
        taken = []
        for _ in range(3):
            began = time.perf_counter()
            assert execute(server, "facts", "select * from ops.drift()") == []
            taken.append(time.perf_counter() - began)
        now = median(taken)
        ratio = f"{now / before:6.2f} of the half" if before else ""
        print(f"{students * 10 * GRADED:10,} facts {now:8.2f} s {ratio}", flush=True)
        before = now


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    every = ["single", "batch", "writers", "folds", "verify"]
    parser.add_argument("parts", nargs="*", help=f"what to measure: {', '.join(every)} [all]")
    parser.add_argument("--quick", action="store_true", help="single facts and batches at 10 courses, 20 s")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(every):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    parts = set(options.parts or (every[:2] if options.quick else every))
    with server() as running:
        if parts & {"single", "batch"}:
            facts(running, [10] if options.quick else [1, 10, 100], parts, 0.5 if options.quick else 1)
        for name, measure in {"writers": writers, "folds": folds, "verify": verify}.items():
            if name in parts:
                measure(running)


if __name__ == "__main__":
    main()
