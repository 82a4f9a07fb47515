create or replace function ops.seed_name(kind text, n integer, household integer) returns text
language sql immutable parallel safe security invoker
return (
    '{Amara,Ben,Chiara,Daoud,Elif,Femi,Grace,Hugo,Imani,Jonas,Keiko,Liam,Mina,Nadia,Omar,Priya,Quentin,Rosa,Samuel,Tara,Umar,Vera,'
    'Wanjiru,Xin,Yusuf,Zoe}'::text[]
)[1 + floor(26 * ops.seed_number(kind || '/given/' || n::text))::integer]
|| ' ' || (
    '{Adeyemi,Berg,Costa,Diallo,Eriksen,Fischer,Garcia,Haddad,Ivanova,Jensen,Kamau,Lopez,Mwangi,Novak,Okafor,Petrov,Rossi,Schmidt,'
    'Tanaka,Weber,Yilmaz}'::text[]
)[1 + (household::bigint * 8) % 21];
comment on function ops.seed_name(text, integer, integer) is
'Name of the n-th synthetic person of a kind: dealt by number, so that a school of any size has plausible ones and the same ones
every time. A household shares its family name.';
revoke all on function ops.seed_name(text, integer, integer) from public;
