-- Work of /v1 that outlives its process: responses in the background are jobs, as batches are.

alter table stored_responses
    -- Of one in the background, until it has ended: the request, and whose key asked (request, headers, request_id,
    -- api_key_id). Not a reference: a key that is gone must not turn into the person's own call.
    add column work jsonb check (jsonb_typeof(work) = 'object'),
    -- How often it was taken up; whoever works on it stops when another has taken it up since.
    add column attempts integer not null default 0 check (attempts >= 0);

-- Which batches have outlived their window, whoever's they are.
create index gateway_batches_open on gateway_batches (expires_at) where finished_at is null;
