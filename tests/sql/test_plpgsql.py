"""plpgsql_check reads every PL/pgSQL function of ours: unknown columns, wrong types, dead code, missing casts."""

from typing import Any

import psycopg

from tests.support.servers import Cluster

# A trigger function is checked once per table it serves; transition tables have the names that all our triggers use.
CHECK = """
select format('%s on %s', f.oid::regprocedure, t.tgrelid::regclass), c.level, c.lineno, c.message, c.hint
from pg_proc as f
join pg_language as l on l.oid = f.prolang and l.lanname = 'plpgsql'
left join (select distinct tgfoid, tgrelid from pg_trigger where not tgisinternal and tgparentid = 0) as t
    on t.tgfoid = f.oid
cross join lateral plpgsql_check_function_tb(
    f.oid, coalesce(t.tgrelid, 0), all_warnings => false, extra_warnings => true, performance_warnings => true,
    oldtable => case when f.prorettype = 'trigger'::regtype then 'old_rows' end,
    newtable => case when f.prorettype = 'trigger'::regtype then 'new_rows' end
) as c
where f.proowner = 'homeroom_owner'::regrole and (f.prorettype <> 'trigger'::regtype or t.tgrelid is not null)
order by 1, 3
"""
