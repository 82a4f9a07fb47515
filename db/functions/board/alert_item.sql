create or replace function board.alert_item(alert board.alert, cohort text) returns json
language sql stable parallel safe security invoker
return json_build_object(
    'id', alert.id, 'cohort_id', alert.cohort_id, 'cohort_name', cohort, 'name', alert.name, 'severity', alert.severity,
    'status', alert.status, 'metric', alert.metric, 'comparison', alert.comparison, 'threshold', alert.threshold,
    'opened_at', board.utc(alert.opened_at), 'opened_value', alert.opened_value, 'evidence', alert.evidence,
    'closed_at', board.utc(alert.closed_at), 'closed_value', alert.closed_value, 'closed_because', alert.closed_because,
    'acknowledged_at', board.utc(alert.acknowledged_at), 'acknowledged_by', alert.acknowledged_by, 'note', alert.note
);
comment on function board.alert_item(board.alert, text) is
'An alert as documents and lists show it. cohort: the cohort''s name.';
revoke all on function board.alert_item(board.alert, text) from public;
grant execute on function board.alert_item(board.alert, text) to homeroom_director, homeroom_admin;
