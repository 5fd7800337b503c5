-- Merging says how it decided: what answers amount to, who supports which claim, what judges said, what a sentence rests on.

-- A score is known how; where there is none, the basis says why.
alter table merge_sessions rename column quality_method to quality_basis;
alter table merge_sessions
    drop constraint merge_sessions_check,
    add constraint merge_sessions_quality check (quality_score is null or quality_basis is not null),
    alter column quality_basis type varchar(100),
    add column task_type varchar(20) not null default 'chat'
        check (task_type in ('chat', 'code', 'analysis', 'creative', 'vision', 'audio')),
    add column answer_kind varchar(10) not null default 'text'
        check (answer_kind in ('number', 'choice', 'date', 'set', 'code', 'text')),
    add column decision varchar(20)
        check (decision in ('decided', 'no_consensus', 'only_answer', 'none_usable', 'no_answers')),
    add column decided_by varchar(100),
    -- What the score is calibrated from: how sure the strategy itself is.
    add column confidence numeric(9, 8) check (confidence between 0 and 1),
    -- The position of the answer that was taken as it is.
    add column chosen integer check (chosen >= 0),
    add column writer_model varchar(200),
    add column writer_tokens integer check (writer_tokens >= 0),
    add column latency_ms integer check (latency_ms >= 0),
    -- As it was asked for: models, judge_model, writer_model, rounds, max_cost, seconds.
    add column options jsonb not null default '{}' check (jsonb_typeof(options) = 'object'),
    add column clusters jsonb not null default '[]' check (jsonb_typeof(clusters) = 'array'),
    add column claims jsonb not null default '[]' check (jsonb_typeof(claims) = 'array'),
    add column judgements jsonb not null default '[]' check (jsonb_typeof(judgements) = 'array'),
    -- By sentence of the result: the claims and the answers that it rests on.
    add column provenance jsonb not null default '[]' check (jsonb_typeof(provenance) = 'array'),
    add column notes text[] not null default '{}',
    -- What the person says of the result.
    add column good boolean;

alter table merge_responses
    -- Brought along, not asked for.
    add column given boolean not null default false,
    -- What it says, in canonical form.
    add column answer text,
    add column changed boolean,
    add column reason text,
    add column copy_of integer check (copy_of >= 0),
    add column gates text[] not null default '{}',
    add column ability double precision,
    add column message_id uuid,
    -- The call that gave it, as routing knows it.
    add column decision_id uuid,
    -- Of a turn of a debate, once it is known what was right.
    add column flip varchar(20) check (flip in ('right_to_wrong', 'wrong_to_right'));

-- Labels of results, by which scores are calibrated: nobody's name and no text.
create table merge_labels (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    -- The session may be gone while its label counts.
    session_id uuid not null,
    strategy varchar(50) not null check (strategy in ('consensus', 'best_of', 'synthesize', 'debate')),
    answer_kind varchar(10) not null
        check (answer_kind in ('number', 'choice', 'date', 'set', 'code', 'text')),
    confidence numeric(9, 8) not null check (confidence between 0 and 1),
    good boolean not null,
    labelled_at timestamptz not null default current_timestamp,
    unique (tenant_id, session_id)
);
create index merge_labels_class on merge_labels (tenant_id, strategy, answer_kind, labelled_at desc);
call app.tenant_table('merge_labels');
call app.retain('merge_labels', 'labelled_at', '400 days');

-- How often a model said the same as another where that one was right, and where it was wrong; of a model with itself: how
-- often it was right. From labelled results.
create table merge_agreements (
    tenant_id uuid not null references tenants (id) on delete cascade,
    answer_kind varchar(10) not null
        check (answer_kind in ('number', 'choice', 'date', 'set', 'code', 'text')),
    model varchar(200) not null,
    other varchar(200) not null,
    of_right integer not null default 0 check (of_right >= 0),
    same_right integer not null default 0 check (same_right between 0 and of_right),
    of_wrong integer not null default 0 check (of_wrong >= 0),
    same_wrong integer not null default 0 check (same_wrong between 0 and of_wrong),
    updated_at timestamptz not null default current_timestamp,
    primary key (tenant_id, answer_kind, model, other)
);
call app.tenant_table('merge_agreements');
call app.retain('merge_agreements', 'updated_at', '400 days');

-- Answers that were asked for to be merged are decisions nobody had to make, of which people and judges say what they are worth.
alter table brain_routing_history
    drop constraint brain_routing_history_chosen_by_check,
    add constraint brain_routing_history_chosen_by_check
        check (chosen_by in ('rule', 'score', 'conversation', 'exploration', 'fallback', 'named', 'merge'));
create index merge_responses_model on merge_responses (tenant_id, user_id, model, created_at desc);
