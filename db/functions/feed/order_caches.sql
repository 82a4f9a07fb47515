create or replace function feed.order_caches(org bigint, what json) returns void
language plpgsql volatile parallel unsafe security invoker
set search_path = ''
as $$
begin
    insert into feed.event (org_id, topics, kind, payload) values (order_caches.org, '{}', 'order', order_caches.what);
end
$$;
comment on function feed.order_caches(bigint, json) is
'Tells every process of the API what to do with the answers that it keeps of an organization: {"order": "invalidate", "pattern", "person"}, each or null,
which forgets them, or {"order": "warm"}, which computes those that are likely to be asked for. Processes hear it by feed.stale; nobody else does.';
revoke all on function feed.order_caches(bigint, json) from public;
