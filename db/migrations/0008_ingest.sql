-- depends: 0002_people

create schema ingest;
comment on schema ingest is 'Facts on their way in: staging tables, the functions that check and store what lies there, and what they rejected.';

create table ingest.rejected (
    org_id bigint not null,
    source text not null,
    entity text not null,
    line bigint not null,
    row_data jsonb not null,
    reason text not null,
    rejected_at timestamptz not null default now(),
    constraint rejected_pkey primary key (org_id, source, entity, line),
    constraint rejected_organization_fkey foreign key (org_id) references school.organization (org_id) on delete cascade,
    constraint rejected_reason_is_given check (length(reason) > 0)
);
comment on table ingest.rejected is 'Rows that an import did not store, each with the reason. A row that a later import finds good (or gone) leaves.';
comment on column ingest.rejected.source is 'System that the row comes from.';
comment on column ingest.rejected.entity is 'File of that system, without its extension: studentInfo, for instance.';
comment on column ingest.rejected.line is 'Line of the file as an editor counts: the header is line 1.';
comment on column ingest.rejected.row_data is 'What stood there: an object of the columns that the import reads, or the line as a string if it has no columns.';
comment on column ingest.rejected.reason is 'What is wrong, in a sentence that names the column.';
comment on column ingest.rejected.rejected_at is 'When an import first met this row and this reason.';
alter table ingest.rejected enable row level security;
alter table ingest.rejected force row level security;

-- Staging of the Open University Learning Analytics Dataset: a table per file, all text, because what is wrong with a row is
-- said by the checks and not by a failed COPY. COPY FROM is refused under row-level security, so these tables do without
-- it; they are the owner's alone, and empty but while an import runs. Unlogged: an import that is cut short starts again.
-- line is the line of the file, raw the line itself where it cannot be taken apart, reason why the row will not be stored.

create unlogged table ingest.oulad_course (
    line bigint not null,
    code_module text,
    code_presentation text,
    module_presentation_length text,
    raw text,
    reason text
);
comment on table ingest.oulad_course is 'Staging of courses.csv.';

create unlogged table ingest.oulad_assessment (
    line bigint not null,
    code_module text,
    code_presentation text,
    id_assessment text,
    assessment_type text,
    date text,
    weight text,
    raw text,
    reason text
);
comment on table ingest.oulad_assessment is 'Staging of assessments.csv.';

create unlogged table ingest.oulad_site (
    line bigint not null,
    id_site text,
    code_module text,
    code_presentation text,
    activity_type text,
    raw text,
    reason text
);
comment on table ingest.oulad_site is 'Staging of vle.csv. Stays filled while clicks come in, who take their activity type from here.';

create unlogged table ingest.oulad_student (
    line bigint not null,
    code_module text,
    code_presentation text,
    id_student text,
    final_result text,
    raw text,
    reason text
);
comment on table ingest.oulad_student is 'Staging of studentInfo.csv: a student in a course, and how it ended.';

create unlogged table ingest.oulad_registration (
    line bigint not null,
    code_module text,
    code_presentation text,
    id_student text,
    date_registration text,
    date_unregistration text,
    raw text,
    reason text
);
comment on table ingest.oulad_registration is 'Staging of studentRegistration.csv.';

create unlogged table ingest.oulad_result (
    line bigint not null,
    id_assessment text,
    id_student text,
    date_submitted text,
    is_banked text,
    score text,
    raw text,
    reason text
);
comment on table ingest.oulad_result is 'Staging of studentAssessment.csv.';

create unlogged table ingest.oulad_click (
    line bigint not null,
    code_module text,
    code_presentation text,
    id_student text,
    id_site text,
    date text,
    sum_click text,
    raw text,
    reason text
);
comment on table ingest.oulad_click is 'Staging of studentVle.csv, a part of the file at a time.';
