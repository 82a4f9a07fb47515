create or replace function ingest.oulad_sites(org bigint)
returns table (inserted bigint, updated bigint, unchanged bigint)
language sql volatile parallel unsafe security invoker
set search_path = ''
as $$
    with checked as (
        select
            s.*,
            case
                when s.id_site !~ '^[1-9][0-9]{0,17}$' then 'id_site must be a positive whole number'
                when length(s.activity_type) not between 1 and 100 then 'activity_type must have one to a hundred characters'
                when c.id is null then 'code_module and code_presentation name no course'
            end as fault
        from ingest.oulad_site as s
        left join school.course as c
            on c.org_id = org and c.source = 'oulad' and c.external_id = s.code_module || '/' || s.code_presentation
        where s.reason is null
    ),
    judged as materialized (
        select
            c.*,
            coalesce(c.fault, case
                when row_number() over (partition by c.id_site, c.fault is null order by c.line) > 1
                    then 'id_site stands in an earlier line already'
            end) as verdict
        from checked as c
    ),
    refused as (
        update ingest.oulad_site as s
        set reason = j.verdict
        from judged as j
        where j.line = s.line and j.verdict is not null
    )
    select 0::bigint, 0::bigint, count(*)
    from judged as j
    where j.verdict is null
$$;
comment on function ingest.oulad_sites(bigint) is
'Checks the staged vle.csv. Sites are no facts of their own, they name the activity type of clicks: the good rows stay in
the staging table and count as unchanged; the others got their reason there.';
revoke all on function ingest.oulad_sites(bigint) from public;
