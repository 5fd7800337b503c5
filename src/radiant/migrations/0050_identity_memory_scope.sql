-- A scope of API keys for MCP clients: the memory of the key's person, and nothing else of theirs.

alter table api_keys drop constraint api_keys_scopes_check;
alter table api_keys add constraint api_keys_scopes_check check (
    scopes <@ '{inference,read,write,memory,admin}'::text[] and cardinality(scopes) > 0
);
