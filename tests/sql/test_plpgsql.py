"""plpgsql_check reads every PL/pgSQL function: unknown columns, wrong types, dead code, unsafe `execute`."""

import pytest

from tests.support.servers import Database

pytestmark = pytest.mark.pg15  # Debian packages plpgsql_check for 15 alone

# A trigger function is checked for each table that it serves; all of ours call transition tables the same.
CHECK = """
select format('%s line %s: %s (%s)', coalesce(t.tgrelid::regclass || ' ', '') || f.oid::regprocedure,
    c.lineno, c.message, concat_ws('; ', c.detail, c.hint, c.context))
from pg_proc as f
join pg_language as l on l.oid = f.prolang and l.lanname = 'plpgsql'
left join (select distinct tgfoid, tgrelid from pg_trigger where not tgisinternal and tgparentid = 0) as t
    on t.tgfoid = f.oid
cross join lateral plpgsql_check_function_tb(
    f.oid, coalesce(t.tgrelid, 0), fatal_errors => false, all_warnings => true,
    oldtable => case when t.tgrelid is not null then 'old_rows' end,
    newtable => case when t.tgrelid is not null then 'new_rows' end
) as c
where f.proowner = 'homeroom_owner'::regrole
    -- It guesses at how volatile dynamic SQL is, and says so.
    and concat(c.detail, c.hint) not like '%cannot to determine volatility of used dynamic SQL%'
order by 1
"""


def test_plpgsql_check_finds_nothing(database: Database) -> None:
    with database.connect() as db:
        db.execute("create extension plpgsql_check")
        findings = "\n".join(finding for (finding,) in db.execute(CHECK))
    assert not findings, findings


@pytest.mark.parametrize(
    ("body", "finding"),
    [
        ("begin perform p.nickname from school.person as p; end", "column p.nickname does not exist"),
        ("declare n integer; begin n := now(); end", "target type is different type than source type"),
        ("begin execute 'select ' || shout; end", "text type variable is not sanitized"),
    ],
)
def test_plpgsql_check_would_find_it(database: Database, body: str, finding: str) -> None:
    with database.connect() as db:
        db.execute("create extension plpgsql_check")
        db.execute(f"create function board.planted(shout text) returns void language plpgsql as $${body}$$")
        db.execute("alter function board.planted(text) owner to homeroom_owner")
        findings = [line for (line,) in db.execute(CHECK) if line.startswith("board.planted(text)")]
    assert finding in "\n".join(findings)
