create function tests.refused(statement text, code text default null) returns boolean
language plpgsql
as $$
begin
    begin
        execute statement;
        raise 'taken back' using errcode = 'TEST0';
    exception
        when sqlstate 'TEST0' then
            return false;
        when others then
            return code is null or sqlstate = code;
    end;
end
$$;
comment on function tests.refused(text, text) is
'Whether the statement fails (with this code, where given). Taken back.';
