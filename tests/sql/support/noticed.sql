create function tests.noticed(plant text, query text) returns boolean
language plpgsql
as $$
declare
    found boolean;
begin
    begin
        execute plant;
        execute format('select exists (%s)', query) into found;
        raise 'taken back' using errcode = 'TEST0';
    exception
        when sqlstate 'TEST0' then
            return found;
    end;
end
$$;
comment on function tests.noticed(text, text) is
'Whether the query returns a row once the planted statements have run. The plant is taken back: a rule that holds is worth
something when it is seen to break.';
