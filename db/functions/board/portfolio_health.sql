create or replace function board.portfolio_health(quality numeric, approved bigint, items bigint) returns numeric
language sql immutable parallel safe security invoker
return round(0.7 * coalesce(quality, 0) + 0.3 * 100 * approved / nullif(items, 0), 2);
comment on function board.portfolio_health(numeric, bigint, bigint) is
'The health of a portfolio, 0 to 100: seven parts the mean quality that reviewers saw, three parts the share of its items that are approved;
null without an item.';
revoke all on function board.portfolio_health(numeric, bigint, bigint) from public;
