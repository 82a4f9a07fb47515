create or replace function feed.after(last xid8) returns xid8
language sql immutable parallel safe security invoker
return (last::text::bigint + 1)::text::xid8;
comment on function feed.after(xid8) is 'The transaction number after this one.';
revoke all on function feed.after(xid8) from public;
