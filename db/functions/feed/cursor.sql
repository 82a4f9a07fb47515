create or replace function feed.cursor() returns text
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    epoch constant text := feed.current_epoch();
begin
    return (
        select feed.cursor_text(epoch, s.seen, feed.after(feed.last_txid(s.seen)))
        from (select board.snapshot() as seen) as s
    );
end
$$;
comment on function feed.cursor() is 'The cursor of now: whoever reads from there hears all that is committed later.';
revoke all on function feed.cursor() from public;
