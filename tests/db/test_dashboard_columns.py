"""A change of whatever teachers, tutors and parents are shown is never taken for none, column by column.

The columns come from the catalog: a new one fails here until it is seen to change a document, or none.
"""

from tests.support import dashboards
from tests.support.columns import BY_TYPE, OTHER_ROWS, OTHER_VALUES, ROW_NAME, SHOWN, columns_of
from tests.support.dashboard_columns import (
    MARKS_ONLY,
    MOVE_ALONG,
    NOT_SHOWN_TO_OTHERS,
    OTHER_TABLES,
    OTHERS_CHANGES,
    SHOWN_TO_OTHERS,
    staffed,
)
from tests.support.dashboards import OTHERS_COMPARED, Connection, Rich
from tests.support.servers import Database

NEVER_CHANGES = {"org_id", "id", "source", "external_id"}


def _looks(db: Connection, org: int) -> list[tuple[bool, bool]]:
    """Of everybody: whether the dashboard counts as current, whether it differs."""
    return [(row[2], row[3]) for row in db.execute(OTHERS_COMPARED, {"org": org}).fetchall()]


def test_every_column_is_known_and_no_other_is_listed(database: Database) -> None:
    columns = {
        (table, column)
        for table, column, _ in columns_of(database)
        if column not in NEVER_CHANGES and f"{table}.{column}" not in MOVE_ALONG and table not in OTHER_TABLES
    }
    shown = {(table, column) for table, changes in SHOWN_TO_OTHERS.items() for column in changes}
    hidden = {(table, column) for table, names in NOT_SHOWN_TO_OTHERS.items() for column in names}
    assert not shown & hidden
    assert columns == shown | hidden
    assert {table for table, *_ in columns_of(database)} >= OTHER_TABLES


def test_every_column_that_shows_marks(rich: Rich) -> None:
    database, org, names = rich.database, rich.org, rich.names
    with database.connect() as db:
        staffed(db, rich)
        dashboards.refresh_others(db, org)
        assert set(_looks(db, org)) == {(True, False)}
        wrong = []
        for table, changes in SHOWN_TO_OTHERS.items():
            for column, (change, where) in changes.items():
                with db.transaction(force_rollback=True):
                    statement = f"update school.{table} set {change} where org_id = {org} and {where}"
                    changed = db.execute(statement.encode(), names).rowcount
                    looks = _looks(db, org)
                    if changed != 1 or (False, True) not in looks or (True, True) in looks:
                        wrong.append((table, column, changed, looks))
        assert wrong == []
        assert set(_looks(db, org)) == {(True, False)}, "the control: all was taken back"


def test_no_column_that_is_listed_shows(rich: Rich) -> None:
    database, org, names = rich.database, rich.org, rich.names
    with database.connect() as db:
        staffed(db, rich)
        names["far"] = dashboards.noon_zone(half_a_day_away=True)
        dashboards.refresh_others(db, org)
        wrong = []
        for table, column, of_type in columns_of(database):
            name = f"{table}.{column}"
            if column in ("org_id", "id") or name in MOVE_ALONG | {"habit_log.student_id"}:
                continue
            if column in SHOWN_TO_OTHERS.get(table, {}):
                continue
            if name in OTHERS_CHANGES:
                change, where = OTHERS_CHANGES[name]
            elif column in SHOWN.get(table, {}):
                change, where = SHOWN[table][column]
            elif column in ("source", "external_id"):
                change, where = (
                    f"source = 'elsewhere', external_id = {ROW_NAME.get(table, 'id')}::text",
                    "true",
                )
            else:
                change = f"{column} = {OTHER_VALUES.get(name, BY_TYPE.get(of_type, '').format(column))}"
                where = OTHER_ROWS.get(name, "true")
            with db.transaction(force_rollback=True):
                statement = f"update school.{table} set {change} where org_id = {org} and {where}"
                changed = db.execute(statement.encode(), names).rowcount
                looks = _looks(db, org)
                if changed == 0 or any(differs for _, differs in looks):
                    wrong.append((name, changed, looks))
                if name in MARKS_ONLY and any(current for current, _ in looks):
                    wrong.append((name, changed, looks))
        assert wrong == []
