"""A change of whatever a student's dashboard shows is never taken for none, column by column.

The columns come from the catalog: a new one fails here until it is seen to change the document, or has a
reason not to.
"""

from tests.support import dashboards, school
from tests.support.columns import (
    BY_TYPE,
    NOT_SHOWN,
    OTHER_ROWS,
    OTHER_VALUES,
    REASONS,
    ROW_NAME,
    SHOWN,
    columns_of,
    reason_of,
)
from tests.support.dashboards import Look, Rich, add, look_at
from tests.support.servers import Database


def test_every_column_is_known_and_no_other_is_listed(database: Database) -> None:
    columns = {f"{table}.{column}": reason_of(table, column) for table, column, _ in columns_of(database)}
    shown = {f"{table}.{column}" for table, changes in SHOWN.items() for column in changes}
    listed = set().union(*REASONS.values())
    assert {name for name, reason in columns.items() if reason is None} == shown
    assert not shown & listed
    assert shown | listed <= set(columns)


def test_every_column_that_shows_marks(rich: Rich) -> None:
    database, org, names = rich.database, rich.org, rich.names
    with database.connect() as db:
        names["far"] = dashboards.noon_zone(half_a_day_away=True)
        dashboards.refresh(db, org)
        assert look_at(db, org, names["ann"]) == Look(True, False, [])
        wrong = []
        for table, changes in SHOWN.items():
            for column, (change, where) in changes.items():
                with db.transaction(force_rollback=True):
                    statement = f"update school.{table} set {change} where org_id = {org} and {where}"
                    changed = db.execute(statement.encode(), names).rowcount
                    look = look_at(db, org, names["ann"])
                    if (changed, look.fresh) != (1, False) or "document" not in look.where:
                        wrong.append((table, column, changed, look))
        assert wrong == []
        assert look_at(db, org, names["ann"]) == Look(True, False, []), "the control: all was taken back"


def test_no_column_that_is_listed_shows(rich: Rich) -> None:
    database, org, names = rich.database, rich.org, rich.names
    with database.connect() as db:
        # What is listed as not shown is so for rows that do show.
        school.enroll(db, org, names["ben"], names["course"])
        add(db, org, "course_teacher", course_id=names["other_course"], teacher_id=names["max"])
        dashboards.refresh(db, org)
        wrong = []
        for table, column, of_type in columns_of(database):
            name = f"{table}.{column}"
            if reason_of(table, column) != NOT_SHOWN:
                continue
            if column in ("source", "external_id"):
                change = f"source = 'elsewhere', external_id = {ROW_NAME.get(table, 'id')}::text"
            else:
                change = f"{column} = {OTHER_VALUES.get(name, BY_TYPE.get(of_type, '').format(column))}"
            where = OTHER_ROWS.get(name, "true")
            statement = f"update school.{table} set {change} where org_id = {org} and {where}"
            with db.transaction(force_rollback=True):
                changed = db.execute(statement.encode(), names).rowcount
                look = look_at(db, org, names["ann"])
                if changed == 0 or look.differs:
                    wrong.append((name, changed, look))
        assert wrong == []
