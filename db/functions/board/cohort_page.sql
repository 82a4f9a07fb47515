create or replace function board.cohort_page(dashboard board.director_cohort_dashboard) returns text
language sql stable parallel safe security invoker
return '{"cache_updated_at": "' || board.utc(dashboard.updated_at) || '", '
    || substr(dashboard.document::text, strpos(dashboard.document::text, '{') + 1);
comment on function board.cohort_page(board.director_cohort_dashboard) is
'A cohort''s page as it is answered: the document, which is not parsed, and before it when it was computed. Null without a document.';
revoke all on function board.cohort_page(board.director_cohort_dashboard) from public;
