-- The rules that `homeroom migrate` asks about after each release: all hold, and each is seen to notice a breach.
begin;
select no_plan();

select is_empty('select * from ops.catalog_problems()', 'every object keeps every rule');

-- Planted by the owner, as a migration would, unless the breach is that somebody else owns it.
create temporary table plant (rule text, object text, statements text, planter text default 'homeroom_owner');
insert into plant (rule, object, statements) values
('table without forced row-level security', 'school.loose', $$
    create table school.loose (org_id bigint)
$$),
('table without forced row-level security', 'school.person', $$
    alter table school.person disable row level security
$$),
('table without forced row-level security', 'school.person', $$
    alter table school.person no force row level security
$$),
('table without forced row-level security', 'school.interaction_other', $$
    alter table school.interaction_other disable row level security
$$),
('table of which the owner does not see all rows', 'school.interaction_other', $$
    drop policy "the owner's dump reads all" on school.interaction_other
$$),
('table of which the owner does not see all rows', 'school.unseen', $$
    create table school.unseen (org_id bigint);
    comment on table school.unseen is 'x';
    alter table school.unseen enable row level security;
    alter table school.unseen force row level security;
    create policy "some" on school.unseen for select to homeroom_owner using (org_id > 1)
$$),
('policy for everybody', 'open on school.person', $$
    create policy open on school.person for select to public using (true)
$$),
('table open to public or to the API''s login', 'school.person', $$
    grant select on school.person to public
$$),
('table open to public or to the API''s login', 'board.student_performance', $$
    grant select on board.student_performance to homeroom_api
$$),
('schema in which everybody may create', 'board', $$
    grant create on schema board to public
$$),
('function open to public', 'auth.org_id()', $$
    grant execute on function auth.org_id() to public
$$),
('function open to public', 'school.loose()', $$
    create function school.loose() returns integer language sql return 1
$$),
('definer function without search_path', 'auth.student_scope()', $$
    alter function auth.student_scope() reset search_path
$$),
('definer function without search_path', 'auth.student_scope()', $$
    alter function auth.student_scope() set search_path = public
$$),
('without comment', 'school.person', $$
    comment on table school.person is null
$$),
('without comment', 'school.names', $$
    create view school.names with (security_invoker = true) as select p.name from school.person as p
$$),
('without comment', 'auth.org_id()', $$
    comment on function auth.org_id() is null
$$),
('constraint not validated', 'person_is_sane on school.person', $$
    alter table school.person add constraint person_is_sane check (id is not null) not valid
$$);

insert into plant (rule, object, statements, planter) values
('not owned by homeroom_owner', 'school.person', 'alter table school.person owner to postgres', 'postgres'),
('not owned by homeroom_owner', 'auth.org_id()', 'alter function auth.org_id() owner to postgres', 'postgres'),
(
    'index not valid', 'school.person_pkey',
    $$update pg_index set indisvalid = false where indexrelid = 'school.person_pkey'::regclass$$, 'postgres'
),
('role with more than it needs', 'homeroom_admin', 'alter role homeroom_admin superuser', 'postgres'),
('role with more than it needs', 'homeroom_owner', 'alter role homeroom_owner bypassrls', 'postgres'),
('role with more than it needs', 'homeroom_api', 'alter role homeroom_api createrole', 'postgres'),
('role with more than it needs', 'homeroom_api', 'alter role homeroom_api inherit', 'postgres'),
('role with more than it needs', 'homeroom_analyst', 'alter role homeroom_analyst login', 'postgres');

select ok(
    tests.noticed(
        format('set local role %I; %s', p.planter, p.statements),
        format('select from ops.catalog_problems() where rule = %L and object = %L', p.rule, p.object)
    ),
    format('%s: %s', p.rule, trim(e' \n' from p.statements))
)
from plant as p;

select is_empty(
    $$
    select replace(m[1], '''''', '''')
    from regexp_matches(pg_get_functiondef('ops.catalog_problems()'::regprocedure), 'select ''((?:[^'']|'''')+)'',', 'g') as m
    except
    select p.rule from plant as p
    $$,
    'every rule is seen to notice a breach'
);

select finish();
rollback;
