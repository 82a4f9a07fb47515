"""All facts of a database as one value, to compare synthetic schools."""

from tests.support.servers import Database

# What was made, without what differs by nature: who had which org_id, identities, the time of the run.
DIGEST = """
select md5(string_agg(md5(r::text), '' order by md5(r::text))) from (
    select to_jsonb(t) - 'org_id' from school.organization as t
    union all select to_jsonb(t) - 'org_id' from school.person as t
    union all select to_jsonb(t) - 'org_id' from school.person_role as t
    union all select to_jsonb(t) - 'org_id' from school.guardian as t
    union all select to_jsonb(t) - 'org_id' from school.tutor_student as t
    union all select to_jsonb(t) - 'org_id' from school.course as t
    union all select to_jsonb(t) - 'org_id' from school.course_teacher as t
    union all select to_jsonb(t) - 'org_id' from school.enrollment as t
    union all select to_jsonb(t) - 'org_id' from school.assignment as t
    union all select to_jsonb(t) - 'org_id' from school.submission as t
    union all select to_jsonb(t) - 'org_id' from school.quiz as t
    union all select to_jsonb(t) - 'org_id' from school.quiz_attempt as t
    union all select to_jsonb(t) - 'org_id' - 'id' from school.interaction as t
) as r
"""


def digest(database: Database) -> str:
    """Return the same for the same facts."""
    with database.connect() as db:
        db.execute("set time zone 'UTC'")
        row = db.execute(DIGEST).fetchone()
    assert row is not None
    return str(row[0])
