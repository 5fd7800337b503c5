// Written by `npm run api` from openapi.json. Do not edit.

/** A name, and the first password. */
export interface AcceptedInvitation {
  name?: string;
  new_password: string;
  token: string;
}

/** The hunks that are taken; all of them, unless named. */
export interface Accepting {
  hunks?: number[] | null;
}

/** One attempt. */
export interface AccessEntry {
  access_reason: string | null;
  access_type: string;
  accessed_by: string | null;
  accessed_by_email: string | null;
  actor_kind: "user" | "api_key" | "system";
  api_key_id: string | null;
  created_at: string;
  credential_id: string | null;
  credential_name: string | null;
  detail: Record<string, unknown>;
  failure: string | null;
  id: string;
  request_id: string;
  seq: number;
  source_ip: string | null;
  success: boolean;
  user_agent: string | null;
  vault_id: string | null;
  vault_name: string | null;
  version: number | null;
}

/** Something that everything from now on must keep to. */
export interface AddConstraint {
  kind?: "constraint";
  text: string;
}

/** What became of an added memory. `memory`: it, or the one that said so before. */
export interface Added {
  memory: Memory;
  outcome: "added" | "repeated" | "superseded" | "review";
  superseded: string[];
}

/** What became of each, in order. */
export interface AddedAll {
  results: Added[];
}

/** Merge the same answers in another way. */
export interface Again {
  judge_model?: string | null;
  max_cost?: number | string | null;
  rounds?: number;
  strategy: "consensus" | "best_of" | "synthesize" | "debate";
  writer_model?: string | null;
}

/** One row of aggregated_metrics. `group`: the model, provider, or id of the person or key; `name`: theirs. */
export interface Aggregate {
  avg_latency_ms: number | null;
  error_count: number;
  group: string | null;
  input_tokens: number;
  metric_type: "api_request" | "token_usage" | "model_inference" | "billing";
  name: string | null;
  output_tokens: number;
  p50_latency_ms: number | null;
  p95_latency_ms: number | null;
  p99_latency_ms: number | null;
  period_end: string;
  period_start: string;
  period_type: "hourly" | "daily" | "weekly" | "monthly";
  total_cost: string;
  total_requests: number;
  total_tokens: number;
  unique_users: number;
}

/** A key, without its secret. */
export interface ApiKey {
  created_at: string;
  expires_at: string | null;
  id: string;
  last_used_at: string | null;
  name: string;
  prefix: string;
  revoked_at: string | null;
  scopes: ("inference" | "read" | "write" | "memory" | "documents" | "admin")[];
  user_email: string;
  user_id: string;
}

/** What was brought up for an answer, as far as it is still known. Tokens are an estimate. */
export interface Applied {
  memories?: AppliedMemory[];
  message_id?: string | null;
  preferences?: AppliedPreference[];
  tokens?: number;
}

/** A memory that was brought up, as it is now. */
export interface AppliedMemory {
  content: string;
  id: string;
}

/** A preference that was brought up, as it is now. */
export interface AppliedPreference {
  id: string;
  preference_key: string;
  preference_value: unknown;
}

/** Let the plan run. */
export interface Approve {
  kind?: "approve";
}

/** An artifact as it is now. `problem`: why its content is not what its type says, as may be while somebody types. */
export interface Artifact {
  content: string;
  created_at: string;
  created_by?: string | null;
  id: string;
  is_collapsed: boolean;
  language: string | null;
  metadata?: Record<string, unknown>;
  position: Position;
  problem?: string | null;
  size: Size;
  spans?: radiant__workspace__canvas__schemas__Span[];
  title: string;
  type: "code" | "markdown" | "mermaid" | "html" | "svg" | "json" | "table";
  updated_at: string;
  version: number;
  z_index: number;
}

/** What can be changed. `version`: the one that was read; a newer one wins, and the answer 409 names it. */
export interface ArtifactChange {
  content?: string | null;
  is_collapsed?: boolean | null;
  language?: string | null;
  position?: Position | null;
  size?: Size | null;
  title?: string | null;
  version: number;
  z_index?: number | null;
}

/** A version with what it says. */
export interface ArtifactVersion {
  authors?: string[];
  content: string;
  created_at: string;
  created_by: string | null;
  created_by_name: string | null;
  length: number;
  models?: string[];
  name: string;
  spans?: radiant__workspace__canvas__schemas__Span[];
  version: number;
}

/** What a waiting session asks its person. `plan`: look at it, change it, approve; `tool`: may it be called with these arguments? `again`: it was under way when the server stopped, and may have taken effect; make the call once more? */
export interface Asked {
  again?: boolean;
  arguments?: Record<string, unknown> | null;
  call_id?: string | null;
  kind: "plan" | "tool";
  node_id?: string | null;
  tool?: string | null;
}

/** One message of the conversation. */
export interface AskedMessage {
  content: string | (Words | Picture)[];
  role: "system" | "user" | "assistant";
}

/** A question about a moment (`at_ms`), or about a stretch (`from_ms`, `to_ms`). `model` left out: the best that sees. */
export interface AskVideo {
  at_ms?: number | null;
  from_ms?: number | null;
  model?: string | null;
  question: string;
  to_ms?: number | null;
}

/** A session of a role. The keys are shown only where that was asked for and allowed. */
export interface AssumedRole {
  access_key_id: string;
  arn: string;
  expires_at: string;
  identity_id: string;
  secret_access_key?: string | null;
  session_token?: string | null;
}

/** The same, and whether to be shown the keys. */
export interface AssumeRequest {
  /** The registered maximum, or an hour when chained, unless given. */
  duration_seconds?: number | null;
  /** Why; must be given to be shown them. */
  reason?: string | null;
  /** Answer with the keys themselves; recorded. */
  reveal?: boolean;
  session_name?: string;
  /** Beside the registered ones. */
  tags?: Record<string, unknown>;
  transitive_tag_keys?: string[];
}

/** Where a sound can be read for a while, without signing in. */
export interface AudioLink {
  expires_at: string;
  media_type: string;
  url: string;
}

/** What the authenticator signed, each part in base64url. */
export interface AuthenticatorResponse {
  attestationObject?: string | null;
  authenticatorData?: string | null;
  clientDataJSON: string;
  signature?: string | null;
  transports?: string[];
  userHandle?: string | null;
}

/** A registered role or user. */
export interface AwsIdentity {
  account_id: string;
  arn: string;
  created_at: string;
  created_by: string | null;
  external_id: string | null;
  external_id_credential: string | null;
  grace_seconds: number;
  id: string;
  idle_seconds: number;
  inactive_seconds: number;
  key_credential: string | null;
  kind: "role" | "user";
  manager_id: string | null;
  max_duration_seconds: number;
  name: string;
  /** The rotation that is under way, if one is. */
  open_rotation: string | null;
  partition: string;
  policy_arns: string[];
  region: string | null;
  rotate_after_days: number | null;
  session_policy: Record<string, unknown> | null;
  source: "credential" | "platform";
  tags: Record<string, string>;
  transitive_tag_keys: string[];
  updated_at: string;
}

/** What may be changed of a registered identity. What a role has and a user has not is refused for the other. */
export interface AwsIdentitySettings {
  /** Of a role: what its trust policy asks for. One is made where none is given. */
  external_id?: string | null;
  /** A credential that holds the external id, in place of external_id. */
  external_id_credential?: string | null;
  /** At the latest after so long, used or not. */
  grace_seconds?: number;
  /** Of a user: the old key is switched off once it was unused for so long. */
  idle_seconds?: number;
  /** So long it is switched off before it is deleted. */
  inactive_seconds?: number;
  /** A credential of type aws: a role is assumed by its keys; a user's own keys live in it. */
  key_credential?: string | null;
  /** Of a user: the registered role that manages its keys; its own keys do unless given. */
  manager_id?: string | null;
  /** The longest session; no longer than the role itself allows. */
  max_duration_seconds?: number;
  name: string;
  /** Managed policies that narrow them. */
  policy_arns?: string[];
  /** Whose STS is asked; the partition's first unless given. */
  region?: string | null;
  /** Of a user: its key is rotated by itself so long after the last time. */
  rotate_after_days?: number | null;
  /** A policy that narrows every session of the role. */
  session_policy?: Record<string, unknown> | null;
  /** credential: by the keys in key_credential. platform: by those of this installation's own, which the operator alone may say. */
  source?: "credential" | "platform";
  /** Tags of every session. */
  tags?: Record<string, unknown>;
  /** Those of them that go on to roles which a session assumes. */
  transitive_tag_keys?: string[];
}

/** A knowledge base. `owner` person: theirs alone; tenant: read by all of the workspace. `embedded`: passages that have a vector of its model. */
export interface Base {
  bytes: number;
  created_at: string;
  created_by: string | null;
  description: string;
  documents: number;
  embedded: number;
  embedding_model: string;
  id: string;
  may_edit: boolean;
  name: string;
  owner: "person" | "tenant";
  passages: number;
  updated_at: string;
}

/** What can be changed of a base. Another model makes new vectors in the background. */
export interface BaseChange {
  description?: string | null;
  embedding_model?: string | null;
  name?: string | null;
}

/** Several memories, in one transaction. */
export interface Batch {
  memories: MemoryText[];
}

/** The answer that is the best of its turn. */
export interface Best {
  message_id: string;
}

/** What the Brain was told: the decision that won, and how many others it was preferred to. */
export interface BestKept {
  decision_id: string;
  preferred_to: number;
}

export interface Body_import_file_api_canvas_import_post {
  file: string;
}

export interface Body_transcribe {
  file?: string | null;
  language?: string | null;
  model?: string;
}

export interface Body_upload_api_files_post {
  file: string;
}

export interface Body_upload_document {
  file?: string | null;
  /** a JSON object */
  metadata?: string | null;
}

export interface Body_upload_video {
  file?: string | null;
  language?: string | null;
  model?: string;
}

/** A budget and how far it is used in its period. `reserved`: held for calls under way and for those about to be made. `used_up_at`: when it will be used up if the rest of the period is spent as what is past of it (or the last 30 days, for a total); null: not in this period. */
export interface Budget {
  amount: string;
  api_key_id: string | null;
  by_day: DaySpend[];
  created_at: string;
  id: string;
  is_active: boolean;
  key_name: string | null;
  model: string | null;
  period: string;
  period_end: string | null;
  period_start: string | null;
  remaining: string;
  reserved: string;
  scope: "tenant" | "user" | "api_key" | "model";
  spent: string;
  used_up_at: string | null;
  user_email: string | null;
  user_id: string | null;
  warn_at: string | null;
}

/** What can be changed of a budget; `warn_at` null: no warning. */
export interface BudgetChange {
  amount?: number | string | null;
  is_active?: boolean | null;
  warn_at?: number | string | null;
}

/** Of one UTC day. */
export interface ByDay {
  cost: string;
  day: string;
  requests: number;
}

/** Of one model. */
export interface ByModel {
  cost: string;
  input_tokens: number;
  model: string;
  output_tokens: number;
  requests: number;
}

/** What is known of a model for one kind of task. */
export interface ByTask {
  calls: number;
  cost: string | null;
  latency_p50_ms: number | null;
  latency_p95_ms: number | null;
  own_calls: number;
  quality: Interval;
  reliability: Interval;
  task_type: "chat" | "code" | "analysis" | "creative" | "vision" | "audio";
}

/** What a policy's cache holds. */
export interface CacheFigures {
  bytes: number;
  entries: number;
  hits: number;
}

/** Answers that are kept and given again. Only to temperature 0 and without results of tools, unless said otherwise; `per_user`: never another person's. */
export interface CacheSettings {
  any_temperature?: boolean;
  embedding_model?: string;
  max_entries?: number;
  mode?: "off" | "exact" | "semantic";
  per_user?: boolean;
  threshold?: number;
  ttl_seconds?: number;
  with_tool_results?: boolean;
}

/** One row of the ledger; `reserved` ones are under way. */
export interface Call {
  api_key_id: string | null;
  cache_read_tokens: number | null;
  cache_write_tokens: number | null;
  cached: boolean;
  cost: string | null;
  created_at: string;
  decision_id: string | null;
  duration_ms: number | null;
  ended: string | null;
  error_kind: string | null;
  estimated: boolean;
  first_token_ms: number | null;
  id: string;
  input_tokens: number | null;
  key_name: string | null;
  kind: string;
  model: string;
  output_tokens: number | null;
  protocol: string;
  provider: string;
  reasoning_tokens: number | null;
  request_id: string;
  reserved_cost: string;
  route: string;
  route_reason: string | null;
  run_id: string | null;
  settled_at: string | null;
  state: "reserved" | "settled" | "failed";
  stop_reason: string | null;
  streamed: boolean;
  tags: Record<string, string>;
  task: string | null;
  user_email: string | null;
  user_id: string | null;
}

/** With its score: the sum of `terms`, each in 0..1, by the weights. `input_tokens`: as its tokenizer counts. */
export interface CandidateInfo {
  estimated_cost: string | null;
  estimated_latency_ms: number;
  input_tokens: number;
  model: string;
  provider: string;
  quality: Interval;
  reliability: number;
  score: number;
  terms: Terms;
}

/** A canvas with what is on it, the lowest first. `provenance`: by the ids that spans name. */
export interface Canvas {
  artifact_count: number;
  artifacts?: Artifact[];
  canvas_name: string;
  canvas_type: string;
  chat_id: string | null;
  created_at: string;
  id: string;
  is_published: boolean;
  provenance?: Record<string, Provenance>;
  published_url: string | null;
  role: "owner" | "editor" | "commenter" | "viewer";
  room_id: string | null;
  shared: boolean;
  updated_at: string;
  user_id: string;
  version: number;
}

/** A new name. `version`: the canvas's that was read, where nobody's newer change may be overwritten. */
export interface CanvasChange {
  canvas_name: string;
  version?: number | null;
}

/** A canvas in the list. `user_id`: its owner. */
export interface CanvasSummary {
  artifact_count: number;
  canvas_name: string;
  canvas_type: string;
  chat_id: string | null;
  created_at: string;
  id: string;
  is_published: boolean;
  published_url: string | null;
  role: "owner" | "editor" | "commenter" | "viewer";
  room_id: string | null;
  shared: boolean;
  updated_at: string;
  user_id: string;
  version: number;
}

/** The state after it was asked for. */
export interface Change {
  thermal_state: string;
}

/** What is changed of a memory; what is left out stays. */
export interface Changes {
  aliases?: string[] | null;
  content?: string | null;
  expires_at?: string | null;
  importance?: number | null;
  metadata?: Record<string, unknown> | null;
  pinned?: boolean | null;
  scope?: string[] | null;
  slot?: Slot | null;
  type?: string | null;
}

/** A chat with every message of its tree, the oldest first. */
export interface Chat {
  created_at: string;
  documents?: string[];
  folder: string | null;
  id: string;
  leaf_message_id: string | null;
  memory: boolean;
  messages?: Message[];
  model: string;
  pinned: boolean;
  snippet?: string | null;
  system_prompt: string;
  title: string;
  updated_at: string;
}

/** What can be changed of a chat. `folder`: null or "" takes it out of its folder. `memory`: whether it is learnt from, and told what is known of the person. `documents`: the knowledge bases that its questions are looked up in. */
export interface ChatChange {
  documents?: string[] | null;
  folder?: string | null;
  leaf_message_id?: string | null;
  memory?: boolean | null;
  model?: string | null;
  pinned?: boolean | null;
  system_prompt?: string | null;
  title?: string | null;
}

/** How a model is to speak; what is left out, or null, is as the model has it. */
export interface ChatParameters {
  max_tokens?: number | null;
  reasoning_effort?: "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max" | null;
  seed?: number | null;
  stop?: string[] | null;
  temperature?: number | null;
  top_p?: number | null;
}

/** A chat in the list; `snippet` shows where a search was found. */
export interface ChatSummary {
  created_at: string;
  folder: string | null;
  id: string;
  model: string;
  pinned: boolean;
  snippet?: string | null;
  title: string;
  updated_at: string;
}

/** A model that would do. Cost in dollars, null where its prices are not known. */
export interface Choice {
  estimated_cost: string | null;
  estimated_latency_ms: number;
  model: string;
  provider: string;
}

/** What an answer was given as [n]. */
export interface Citation {
  base_name: string;
  document: FoundDocument;
  gone?: boolean;
  n: number;
  passage: Passage;
  quote: QuoteSpan;
}

/** What an answer was given; what was deleted since is left out. */
export interface Cited {
  items: Citation[];
  tokens: number;
}

/** A one-time code. */
export interface Code {
  code: string;
}

/** The answer's code passes these tests: Python with `assert`, run in the sandbox after it. */
export interface CodeCheck {
  tests: string;
  type?: "tests";
}

/** What in the document a comment is about. `from`, `to`: Yjs relative positions as JSON text, so that they move along. */
export interface CommentAnchor {
  artifact?: string | null;
  from?: string | null;
  quote?: string | null;
  to?: string | null;
}

/** The answer that becomes everybody's: one of the turn's, or a text made of them (`merge_id`: by which merge). */
export interface Common {
  merge_id?: string | null;
  message_id?: string | null;
  text?: string | null;
  turn: number;
}

/** All that are given must hold. */
export interface Conditions_Input {
  capabilities?: ("text" | "vision" | "tools" | "json_schema" | "reasoning" | "embedding" | "audio" | "documents")[] | null;
  group_ids?: string[] | null;
  languages?: string[] | null;
  max_cost?: number | string | null;
  max_latency_ms?: number | null;
  max_tokens?: number | null;
  min_tokens?: number | null;
  pattern?: string | null;
  plans?: ("free" | "standard" | "enterprise")[] | null;
  quality_levels?: ("economy" | "balanced" | "premium")[] | null;
  task_types?: ("chat" | "code" | "analysis" | "creative" | "vision" | "audio")[] | null;
  user_ids?: string[] | null;
  window?: TimeWindow_Input | null;
}

/** All that are given must hold. */
export interface Conditions_Output {
  capabilities?: ("text" | "vision" | "tools" | "json_schema" | "reasoning" | "embedding" | "audio" | "documents")[] | null;
  group_ids?: string[] | null;
  languages?: string[] | null;
  max_cost?: string | null;
  max_latency_ms?: number | null;
  max_tokens?: number | null;
  min_tokens?: number | null;
  pattern?: string | null;
  plans?: ("free" | "standard" | "enterprise")[] | null;
  quality_levels?: ("economy" | "balanced" | "premium")[] | null;
  task_types?: ("chat" | "code" | "analysis" | "creative" | "vision" | "audio")[] | null;
  user_ids?: string[] | null;
  window?: TimeWindow_Output | null;
}

/** A password typed again before something that cannot be undone. */
export interface Confirmation {
  password: string;
}

/** A connection, without its key. */
export interface ConnectionInfo {
  base_url: string;
  check_error: string | null;
  checked_at: string | null;
  credential: string | null;
  hint: string;
  id: string | null;
  is_active: boolean;
  keys: KeyInfo[];
  settings: Record<string, string>;
  source: "workspace" | "platform" | "environment";
}

/** A conversation. `chat_id`: one's chat that it is from. */
export interface Conversation {
  chat_id?: string | null;
  messages: SaidMessage[];
}

/** Of n, how many answers at once. */
export interface CountBound {
  maximum?: number | null;
  over?: "clamp" | "refuse";
}

/** A credential without its value. */
export interface Credential {
  created_at: string;
  created_by: string | null;
  current_version: number;
  deleted_at: string | null;
  expires_at: string | null;
  grace_seconds: number;
  id: string;
  is_active: boolean;
  is_expired: boolean;
  last_rotated: string | null;
  last_used_at: string | null;
  last_used_by: string | null;
  last_used_by_email: string | null;
  last_used_by_kind: "user" | "api_key" | "system" | null;
  metadata: Record<string, unknown>;
  name: string;
  next_rotation_at: string | null;
  /** Until when it can be had back, where it was deleted. */
  purge_after: string | null;
  rotation_schedule: string | null;
  type: string;
  updated_at: string;
  vault_id: string;
  vault_name: string;
}

/** What to change; what is left out stays. `expires_at` and `rotation_schedule` may be null. */
export interface CredentialChange {
  expires_at?: string | null;
  grace_seconds?: number | null;
  is_active?: boolean | null;
  metadata?: Record<string, unknown> | null;
  name?: string | null;
  rotation_schedule?: string | null;
}

/** A type that a credential may have. */
export interface CredentialType {
  fields: TypeField[];
  type: string;
}

/** What one UTC day cost. */
export interface DaySpend {
  cost: string;
  day: string;
}

/** What a model said in a round of a debate. `flip`: known once the result was judged. */
export interface DebateTurn {
  answer: string | null;
  changed: boolean | null;
  cost: string | null;
  error: Failure | null;
  flip: "right_to_wrong" | "wrong_to_right" | null;
  latency_ms: number | null;
  model: string;
  position: number;
  reason: string | null;
  response: string;
  round: number;
  tokens_used: number | null;
}

/** Allow or refuse a call that has effects outside. */
export interface DecideTool {
  allow: boolean;
  call_id: string;
  kind?: "tool";
}

/** One choice of a model, and what came of it. `success` null: nobody knows (yet). */
export interface Decision {
  chosen_by: "rule" | "score" | "conversation" | "exploration" | "fallback" | "named" | "merge";
  confidence: number | null;
  cost: string | null;
  created_at: string;
  ended_at: string | null;
  error_kind: string | null;
  estimated_cost: string | null;
  estimated_latency_ms: number | null;
  fallback_position: number;
  id: string;
  input_tokens: number | null;
  latency_ms: number | null;
  output_tokens: number | null;
  propensity: number;
  provider: string;
  quality_level: "economy" | "balanced" | "premium";
  rating: number | null;
  rule_id: string | null;
  rule_name: string | null;
  selected_model: string;
  selection_reason: string | null;
  success: boolean | null;
  task_type: "chat" | "code" | "analysis" | "creative" | "vision" | "audio" | null;
  user_email: string;
  user_id: string;
}

/** An artifact that was removed and can be had back for 30 days. */
export interface DeletedArtifact {
  content: string;
  deleted_at: string;
  deleted_by: string | null;
  id: string;
  title: string;
  type: "code" | "markdown" | "mermaid" | "html" | "svg" | "json" | "table";
}

/** What changed between two versions, in runs of lines. */
export interface Difference {
  from_version: number;
  hunks: LineHunk[];
  to_version: number;
}

/** A document. `version`, `bytes`, `sha256`, `media_type` are of the newest upload; `pages`, `passages`, `title` and `language` of the version that was read last, which is found until the newest one is read. */
export interface Document {
  base_id: string;
  bytes: number;
  created_at: string;
  created_by: string | null;
  embedded: number;
  id: string;
  language: string | null;
  media_type: string;
  metadata: Record<string, unknown>;
  name: string;
  pages: number;
  passages: number;
  problem: WhyNot | null;
  progress: number;
  sha256: string;
  state: "waiting" | "reading" | "embedding" | "ready" | "failed";
  title: string | null;
  updated_at: string;
  version: number;
}

/** What can be changed of a document. */
export interface DocumentChange {
  metadata?: Record<string, unknown> | null;
  name?: string | null;
}

/** What is looked for. No bases and no documents named: in all that the caller may read. `min_similarity`: instead of the model's own floor; 0 gives the whole ranked list. */
export interface DocumentQuery {
  base_ids?: string[];
  document_ids?: string[];
  limit?: number;
  min_similarity?: number | null;
  query: string;
  token_budget?: number | null;
}

/** Characters [start, end) of a document's text, which has `total`. */
export interface DocumentText {
  end: number;
  start: number;
  text: string;
  total: number;
}

/** Put another plan in the place of this one, before it runs or while it does: nodes that are unchanged keep what they have. `revision`: of the plan that was edited, so that no other edit is lost. */
export interface EditPlan {
  kind?: "plan";
  nodes: PlannedNode[];
  revision: number;
}

/** Of the effort of reasoning. */
export interface EffortBound {
  default?: "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max" | null;
  maximum?: "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max" | null;
  over?: "clamp" | "refuse";
}

/** Who did what. */
export interface Entry {
  action: string;
  actor_email: string | null;
  actor_id: string | null;
  actor_kind: string;
  at: string;
  detail: Record<string, unknown>;
  id: string;
  ip: string | null;
  request_id: string;
  seq: number;
  target_id: string;
  target_kind: string;
}

/** What is done by itself when a group's error happens. `most_per_hour` bounds it. */
export interface ErrorAction {
  /** of rotate_credential */
  credential?: string | null;
  kind: "retry_job" | "rest_provider" | "restart_model" | "rotate_credential" | "webhook";
  /** of rest_provider: for how long */
  minutes?: number;
  /** of restart_model */
  model?: string | null;
  most_per_hour?: number;
  /** of rest_provider: which; that of the error's tag `provider` unless named */
  provider?: string | null;
}

/** An action that ran by itself. */
export interface ErrorActionRun {
  action: Record<string, unknown>;
  detail: string;
  finished_at: string | null;
  id: string;
  started_at: string;
  succeeded: boolean | null;
}

/** Who may look after a group. */
export interface ErrorAssignee {
  email: string;
  id: string;
  name: string;
}

/** One of those that a group was put together of. */
export interface ErrorFingerprint {
  culprit: string;
  id: string;
  last_seen: string;
  occurrence_count: number;
  pattern_name: string;
}

/** Errors that are the same one. `curve`: how many in each of the last 24 hours, the oldest first. `users` stops at 10,000. */
export interface ErrorGroup {
  assigned_to: string | null;
  assignee: string | null;
  auto_resolve_action: Record<string, unknown> | null;
  auto_resolve_enabled: boolean;
  culprit: string;
  curve: number[];
  error_code_pattern: string | null;
  error_type: string;
  first_seen: string;
  grouping_version: number;
  id: string;
  ignored_until: string | null;
  ignored_until_count: number | null;
  in_next_release: boolean;
  last_seen: string;
  members: number;
  message_pattern: string | null;
  occurrence_count: number;
  pattern_name: string;
  project_id: number | null;
  resolution_notes: string | null;
  resolved_at: string | null;
  resolved_by: string | null;
  severity: "debug" | "info" | "warning" | "error" | "critical";
  status: "open" | "resolved" | "regressed" | "ignored";
  users: number;
}

/** A group's action; nothing runs until actions are enabled in the settings too. */
export interface ErrorGroupAction {
  action?: ErrorAction | null;
  enabled: boolean;
}

/** How many groups have each status. */
export interface ErrorGroupCounts {
  ignored?: number;
  open?: number;
  regressed?: number;
  resolved?: number;
}

/** A group with its latest error. `days`: how many in each of the last 30 days, the oldest first. */
export interface ErrorGroupDetail {
  actions: ErrorActionRun[];
  assigned_to: string | null;
  assignee: string | null;
  auto_resolve_action: Record<string, unknown> | null;
  auto_resolve_enabled: boolean;
  culprit: string;
  curve: number[];
  days: number[];
  error_code_pattern: string | null;
  error_type: string;
  fingerprints: ErrorFingerprint[];
  first_release: string | null;
  first_seen: string;
  grouping_version: number;
  id: string;
  ignored_until: string | null;
  ignored_until_count: number | null;
  in_next_release: boolean;
  last_release: string | null;
  last_seen: string;
  latest: ErrorLog | null;
  members: number;
  message_pattern: string | null;
  occurrence_count: number;
  pattern_name: string;
  project_id: number | null;
  resolution_notes: string | null;
  resolved_at: string | null;
  resolved_by: string | null;
  severity: "debug" | "info" | "warning" | "error" | "critical";
  status: "open" | "resolved" | "regressed" | "ignored";
  tags: Record<string, ErrorTagValue[]>;
  users: number;
}

/** An error that happened. */
export interface ErrorLog {
  context: Record<string, unknown>;
  created_at: string;
  environment: string;
  error_code: string;
  error_message: string;
  error_type: string;
  event_id: string | null;
  group_id: string | null;
  id: string;
  is_regression: boolean;
  project_id: number | null;
  release: string;
  request_id: string | null;
  resolution_notes: string | null;
  resolved: boolean;
  resolved_at: string | null;
  resolved_by: string | null;
  severity: "debug" | "info" | "warning" | "error" | "critical";
  source_function: string | null;
  source_service: string | null;
  stack_trace: string | null;
  trace_id: string;
}

/** Groups that are the same one. */
export interface ErrorMerge {
  groups: string[];
  into: string;
}

/** A program that sends errors, and the address (DSN) that its SDK is given. */
export interface ErrorProject {
  created_at: string;
  dsn: string;
  errors_24h: number;
  events_per_minute: number;
  id: number;
  is_active: boolean;
  keep_variables: boolean;
  name: string;
  platform: string;
  slug: string;
  tallies_24h: Record<string, number>;
  transactions: "count" | "drop";
}

/** The same, and whether it may send. */
export interface ErrorProjectSettings {
  events_per_minute?: number;
  is_active?: boolean;
  keep_variables?: boolean;
  name: string;
  platform?: string;
  slug: string;
  transactions?: "count" | "drop";
}

/** An error that happened. What must not be kept is taken out of every text before it is. */
export interface ErrorReport {
  code?: string;
  context?: Record<string, unknown>;
  environment?: string;
  /** Sent again, it is counted once. */
  event_id?: string | null;
  /** What it is grouped by; {{ default }} stands for what it would be. */
  fingerprint?: string[];
  /** The last call last. */
  frames?: ReportedFrame[];
  message: string;
  project_id?: number | null;
  release?: string;
  request_id?: string;
  severity?: "debug" | "info" | "warning" | "error" | "critical";
  source_function?: string;
  source_service?: string;
  stack_trace?: string;
  tags?: Record<string, string>;
  trace_id?: string;
  type?: string;
  /** Whoever was affected: counted, never kept. */
  user?: string;
}

/** Why it is over. */
export interface ErrorResolution {
  notes?: string;
}

/** The same; `signing_secret` is told once, when a webhook is set. */
export interface ErrorSettings {
  actions_enabled?: boolean;
  /** members of the workspace */
  alert_emails?: string[];
  /** of one group is told once in so many minutes */
  alert_minutes?: number;
  alert_on?: ("critical" | "new" | "regression")[];
  /** an SNS topic; the platform's alone */
  alert_topic_arn?: string | null;
  alert_webhook?: string | null;
  mail_is_set_up?: boolean;
  scrub_patterns?: string[];
  signing_secret?: string | null;
}

/** What else is taken out of errors, and who is told of them. Patterns are RE2's. */
export interface ErrorSettingsGiven {
  actions_enabled?: boolean;
  /** members of the workspace */
  alert_emails?: string[];
  /** of one group is told once in so many minutes */
  alert_minutes?: number;
  alert_on?: ("critical" | "new" | "regression")[];
  /** an SNS topic; the platform's alone */
  alert_topic_arn?: string | null;
  alert_webhook?: string | null;
  scrub_patterns?: string[];
}

/** Fingerprints that are groups of their own again. */
export interface ErrorSplit {
  fingerprints: string[];
}

/** How many of a group's latest errors have that value. */
export interface ErrorTagValue {
  errors: number;
  value: string;
}

/** What becomes of some groups, all at once. */
export interface ErrorTriage {
  action: "resolve" | "resolve_in_next_release" | "reopen" | "ignore" | "assign";
  /** of assign: whom; nobody where it is left out */
  assignee?: string | null;
  /** of ignore: after so many more */
  count?: number | null;
  groups: string[];
  notes?: string;
  /** of ignore: it comes back then */
  until?: string | null;
}

/** A signal. `weight` before it fades; `counts_now`: what is left of it in the confidence, 0 where another of the same conversation counts, or where it is of a value that is gone. */
export interface Evidence {
  at: string;
  counts_now: number;
  id: string;
  kind: "user_edit" | "explicit" | "accepted" | "rejected" | "behaviour" | "inference";
  message_id: string | null;
  quote: string;
  session: string;
  sign: 1 | -1;
  value: unknown;
  weight: number;
}

/** The answer is an arithmetic expression that `equals` this and, where `uses` is given, uses exactly those numbers. */
export interface ExpressionCheck {
  equals: string;
  type?: "expression";
  uses?: string[] | null;
}

/** Why something has no answer. */
export interface Failure {
  detail: string;
  slug: string;
  title: string;
}

/** Whether the result is right, or good. */
export interface Feedback {
  good: boolean;
}

/** What is kept of it. Said again, it replaces what was said before. */
export interface FeedbackKept {
  decision_id: string;
  kind: "thumbs" | "score" | "judge" | "pair";
  value: number;
}

/** Something that a connection needs besides key and address. `lines`: a key file, of several lines. */
export interface FieldInfo {
  default: string;
  hint: string;
  label: string;
  lines: boolean;
  name: string;
  required: boolean;
  secret: boolean;
}

/** How calls of a model went: the workspace's own, and everybody's beside them. Times in milliseconds, cost in dollars a call; null where there was no call yet. */
export interface Figures {
  calls: number;
  cost: string | null;
  latency_p50_ms: number | null;
  latency_p95_ms: number | null;
  own_calls: number;
  reliability: Interval;
}

/** A stored file. */
export interface FileInfo {
  bytes: number;
  created_at: string;
  id: string;
  media_type: string;
  name: string;
  url: string;
}

/** A folder and how many chats are in it. */
export interface Folder {
  chats: number;
  folder: string;
}

/** What to forget: a store's memories, all, or some. */
export interface Forget {
  all?: boolean;
  ids?: string[];
  store_name?: string | null;
}

/** Everything, or these preferences. */
export interface ForgetLearning {
  everything?: true | null;
  preferences?: string[] | null;
}

/** How many memories are gone. */
export interface Forgotten {
  forgotten: number;
}

/** How many of each are gone. */
export interface ForgottenLearning {
  memories?: number;
  patterns?: number;
  preferences?: number;
}

/** Whose password is forgotten. */
export interface ForgottenPassword {
  email: string;
}

/** What was found. `searched`: how many memories were looked at. */
export interface Found {
  embedding_model: string | null;
  results: Result[];
  searched: number;
  tokens: number;
}

/** The document of a passage. */
export interface FoundDocument {
  base_id: string;
  id: string;
  media_type: string;
  name: string;
  title: string | null;
  version: number;
}

/** A passage that fits. `score`: 0 to 1 within the answer; `similarity`: the cosine, where both have a vector; `quote`: its best sentence. */
export interface FoundPassage {
  base_name: string;
  document: FoundDocument;
  passage: Passage;
  quote: QuoteSpan;
  score: number;
  similarity: number | null;
  tokens: number;
  why: WhyFound[];
}

/** The best first. `searched`: how many passages were looked at. */
export interface FoundPassages {
  results: FoundPassage[];
  searched: number;
  tokens: number;
}

/** A merge's result. */
export interface FromMerge {
  kind: "merge";
  merge_id: string;
}

/** An answer of a chat. */
export interface FromMessage {
  chat_id: string;
  kind: "message";
  message_id: string;
}

/** A pane's last answer, or the one that is named. */
export interface FromPane {
  kind: "pane";
  message_id?: string | null;
  pane_id: string;
}

/** A Think Tank session's answer. */
export interface FromReasoning {
  kind: "reasoning";
  session_id: string;
}

/** An answer that is brought along. */
export interface GivenResponse {
  cost?: number | string | null;
  latency_ms?: number | null;
  message_id?: string | null;
  model: string;
  response: string;
  tokens?: number | null;
}

/** Memories that have relationships, and those. */
export interface Graph {
  edges: Relationship[];
  nodes: Node[];
}

/** A group; `members`: how many are in it. `external_id`: what an identity provider calls it. */
export interface Group {
  created_at: string;
  external_id: string | null;
  id: string;
  members: number;
  name: string;
  updated_at: string;
}

/** Another name. */
export interface GroupChange {
  name?: string | null;
}

/** Somebody in a group. */
export interface GroupMember {
  email: string;
  id: string;
  kind: "person" | "service";
  name: string;
}

/** A memory that a group has in common. `right`: what the caller may do with it; None where they are not in the group, so that they may set it up and take it away, and not look into it. */
export interface GroupMemory {
  created_at: string;
  group_id: string;
  members_may: "read" | "write";
  name: string;
  right: "read" | "write" | "manage" | null;
}

/** The same of one model, person, provider or key. */
export interface GroupSums {
  avg_latency_ms: number | null;
  error_count: number;
  group: string;
  input_tokens: number;
  name: string;
  output_tokens: number;
  p50_latency_ms: number | null;
  p95_latency_ms: number | null;
  p99_latency_ms: number | null;
  total_cost: string;
  total_requests: number;
  total_tokens: number;
  unique_users: number;
}

/** A guardrail as it stands. `signing_secret` is shown once, when a webhook is made or its secret renewed. */
export interface Guardrail {
  action: "block" | "redact" | "pseudonymise";
  id: string;
  is_active: boolean;
  kind: "pii" | "secrets" | "regex" | "size" | "webhook" | "model";
  name: string;
  policy_id: string;
  position: number;
  settings: Record<string, unknown>;
  signing_secret?: string | null;
  stage: "before" | "after" | "both";
}

/** What became of a memory, and its words before and after. */
export interface Happening {
  after: string | null;
  at: string;
  before: string | null;
  memory_id: string;
  what: "added" | "superseded" | "changed" | "merged" | "restored" | "forgotten" | "expired";
  why: string;
}

/** All is well. */
export interface Health {
  database: string;
  status: string;
  version: string;
}

export interface HTTPValidationError {
  detail?: ValidationError[];
}

/** An uploaded picture. */
export interface ImageContent {
  asset_id: string;
  type: "image";
}

/** Which to import into which vault. */
export interface ImportAsked {
  /** The credential of type aws by which Amazon is asked; left out, this installation's own identity, which the operator alone may use. */
  access_credential_id?: string | null;
  /** Says what would be made, and makes nothing. */
  dry_run?: boolean;
  region: string;
  secrets: PickedSecret[];
  vault_id: string;
}

/** The outcome of each, in the order in which they were given. */
export interface Imported {
  items: ImportedSecret[];
}

/** How many memories came in, and how many were there already. */
export interface ImportedMemories {
  added: number;
  repeated: number;
}

/** What became, or would become, of one. */
export interface ImportedSecret {
  binary?: boolean;
  bytes?: number;
  credential_id?: string | null;
  fields?: string[];
  name?: string | null;
  outcome: "would-import" | "imported" | "refused";
  problem?: string | null;
  secret_id: string;
  type?: string | null;
  /** 2 where the former one is taken along. */
  versions?: number;
}

/** The group whose memory it is. */
export interface InGroup {
  id: string;
  name: string;
}

/** An estimate, the bounds within which it lies, and by how many calls or ratings. */
export interface Interval {
  evidence: number;
  high: number;
  low: number;
  mean: number;
}

/** An open invitation; `invited_by` is an e-mail address. */
export interface Invitation {
  created_at: string;
  email: string;
  expires_at: string;
  id: string;
  invited_by: string | null;
  mailed_at: string | null;
  name: string;
  role: "owner" | "admin" | "member" | "viewer";
}

/** What one is invited to; `sso_required`: sign in by the identity provider of `slug` instead. */
export interface InvitationLook {
  email: string;
  has_sso: boolean;
  name: string;
  role: "owner" | "admin" | "member" | "viewer";
  slug: string;
  sso_required: boolean;
  tenant: string;
}

/** What stands behind the # of an invitation's link. */
export interface InvitationToken {
  token: string;
}

/** A new person, with the password that is shown once. */
export interface Invited {
  created_at: string;
  email: string;
  id: string;
  is_operator: boolean;
  kind?: "person" | "service";
  last_seen_at: string | null;
  must_change_password: boolean;
  name: string;
  one_time_password: string;
  preferences: Record<string, unknown>;
  role: "owner" | "admin" | "member" | "viewer";
  status: "active" | "disabled";
}

export interface ItemsOf_Budget_ {
  items: Budget[];
}

export interface ItemsOf_CredentialType_ {
  items: CredentialType[];
}

export interface ItemsOf_DeletedArtifact_ {
  items: DeletedArtifact[];
}

export interface ItemsOf_ErrorActionRun_ {
  items: ErrorActionRun[];
}

export interface ItemsOf_ErrorAssignee_ {
  items: ErrorAssignee[];
}

export interface ItemsOf_ErrorProject_ {
  items: ErrorProject[];
}

export interface ItemsOf_Evidence_ {
  items: Evidence[];
}

export interface ItemsOf_Folder_ {
  items: Folder[];
}

export interface ItemsOf_GroupMemory_ {
  items: GroupMemory[];
}

export interface ItemsOf_Guardrail_ {
  items: Guardrail[];
}

export interface ItemsOf_Happening_ {
  items: Happening[];
}

export interface ItemsOf_Limit_ {
  items: Limit[];
}

export interface ItemsOf_LocalModelInfo_ {
  items: LocalModelInfo[];
}

export interface ItemsOf_Mirror_ {
  items: Mirror[];
}

export interface ItemsOf_ModelInfo_ {
  items: ModelInfo[];
}

export interface ItemsOf_ModelStanding_ {
  items: ModelStanding[];
}

export interface ItemsOf_Pane_ {
  items: Pane[];
}

export interface ItemsOf_Passkey_ {
  items: Passkey[];
}

export interface ItemsOf_Policy_ {
  items: Policy[];
}

export interface ItemsOf_Proposal_ {
  items: Proposal[];
}

export interface ItemsOf_ProviderInfo_ {
  items: ProviderInfo[];
}

export interface ItemsOf_Publication_ {
  items: Publication[];
}

export interface ItemsOf_Refit_ {
  items: Refit[];
}

export interface ItemsOf_Related_ {
  items: Related[];
}

export interface ItemsOf_RoomInvitation_ {
  items: RoomInvitation[];
}

export interface ItemsOf_RoomParticipant_ {
  items: RoomParticipant[];
}

export interface ItemsOf_Rule_ {
  items: Rule[];
}

export interface ItemsOf_SessionInfo_ {
  items: SessionInfo[];
}

export interface ItemsOf_SimilarErrors_ {
  items: SimilarErrors[];
}

export interface ItemsOf_Store_ {
  items: Store[];
}

export interface ItemsOf_Template_ {
  items: Template[];
}

export interface ItemsOf_ToolInfo_ {
  items: ToolInfo[];
}

export interface ItemsOf_ToolServer_ {
  items: ToolServer[];
}

export interface ItemsOf_UpstreamInfo_ {
  items: UpstreamInfo[];
}

export interface ItemsOf_Use_ {
  items: Use[];
}

export interface ItemsOf_VoiceOfModel_ {
  items: VoiceOfModel[];
}

/** Of two answers; position -1 is the synthesis. `orders`: what was said with `a` first and with `b` first; null: no usable reply. */
export interface Judgement {
  a: number;
  b: number;
  orders: ("a" | "b" | "tie" | null)[];
  reasons?: string[];
  verdict: "a" | "b" | "tie";
}

/** One of several keys for a provider. */
export interface KeyInfo {
  check_error: string | null;
  checked_at: string | null;
  hint: string;
  is_active: boolean;
  name: string;
}

/** A rotation of a user's access key. */
export interface KeyRotation {
  cancelled_at: string | null;
  delete_after: string | null;
  error: string | null;
  finished_at: string | null;
  id: string;
  identity_id: string;
  new_access_key_id: string | null;
  /** When it is looked at next. */
  next_at: string;
  old_access_key_id: string | null;
  started_at: string;
  /** A person's address, api_key:… or what else asked. */
  started_by: string;
  state: "started" | "creating" | "stored" | "verified" | "switched" | "deactivated" | "rolling_back" | "done" | "rolled_back";
  /** Whether somebody must act: `error` says what is wrong; then retry or cancel. */
  stuck: boolean;
  switched_at: string | null;
}

/** The same with its journal, the oldest step first. */
export interface KeyRotationInSteps {
  cancelled_at: string | null;
  delete_after: string | null;
  error: string | null;
  finished_at: string | null;
  id: string;
  identity_id: string;
  new_access_key_id: string | null;
  /** When it is looked at next. */
  next_at: string;
  old_access_key_id: string | null;
  started_at: string;
  /** A person's address, api_key:… or what else asked. */
  started_by: string;
  state: "started" | "creating" | "stored" | "verified" | "switched" | "deactivated" | "rolling_back" | "done" | "rolled_back";
  steps: KeyRotationStep[];
  /** Whether somebody must act: `error` says what is wrong; then retry or cancel. */
  stuck: boolean;
  switched_at: string | null;
}

/** What was done when. */
export interface KeyRotationStep {
  at: string;
  detail: Record<string, unknown>;
  outcome: "done" | "waiting" | "failed";
  seq: number;
  step: string;
}

/** The newest turn. `questions`: by pane, the question's message in its chat; `common`: whether an answer of it became common. */
export interface LastTurn {
  common: boolean;
  mode: "independent" | "synchronized" | "broadcast";
  questions: Record<string, string>;
  turn: number;
}

/** How panes lie. `sizes`: percent by pane, together 100. */
export interface Layout {
  sizes: Record<string, number>;
  type: "horizontal" | "vertical" | "grid";
}

/** `sizes`: of every pane, in percent; together about 100. */
export interface LayoutChange {
  sizes?: Record<string, number> | null;
  type?: "horizontal" | "vertical" | "grid" | null;
}

/** A stored value that was found in a text; it was taken out of it. */
export interface Leak {
  acknowledged_at: string | null;
  credential_id: string;
  credential_name: string;
  form: "plain" | "json" | "url" | "hex" | "base64" | "line";
  found_at: string;
  id: string;
  /** The error, or the entry of the request log. */
  row_id: string;
  source: "error_logs" | "request_logs";
  vault_id: string;
  version: number;
}

/** What a conversation taught. `rejected_spans`: items whose quote is not in the message that they cite. */
export interface Learned {
  memories?: string[];
  patterns?: number;
  preferences?: string[];
  rejected_spans?: number;
}

/** `learning_enabled`: what is said teaches; `recall_enabled`: what is known is brought up in chats. */
export interface LearningSettings {
  learning_enabled?: boolean;
  recall_enabled?: boolean;
}

/** A model that cannot take the request. */
export interface LeftOut {
  model: string;
  why: string;
}

/** A rate limit; `used` is what processes drew in this window, some of which they may not have used yet. */
export interface Limit {
  amount: number;
  api_key_id: string | null;
  created_at: string;
  id: string;
  is_active: boolean;
  key_name: string | null;
  meter: "requests" | "tokens" | "concurrency";
  model: string | null;
  period: string;
  scope: "tenant" | "user" | "api_key" | "model";
  used: number;
  user_email: string | null;
  user_id: string | null;
}

/** What can be changed of a limit. */
export interface LimitChange {
  amount?: number | null;
  is_active?: boolean | null;
}

/** What there may be of something (null: without limit), and what there is. */
export interface LimitUse {
  allowed: number | null;
  limit: "seats" | "keys" | "storage_bytes";
  used: number;
}

/** Every limit of a workspace. */
export interface LimitUses {
  items: LimitUse[];
}

/** A run of lines: kept, gone, new. Line numbers from 1. */
export interface LineHunk {
  after: number;
  before: number;
  kind: "same" | "removed" | "added";
  lines: string[];
}

/** A secret as Secrets Manager lists it. */
export interface ListedSecret {
  arn: string;
  changed_at: string | null;
  description: string;
  name: string;
  tags: Record<string, string>;
}

/** A page of them. */
export interface ListedSecrets {
  items: ListedSecret[];
  next: string | null;
}

/** A model that can run here. */
export interface LocalModelInfo {
  bytes: number;
  display_name: string;
  id: string;
  installed: boolean;
  license: string;
  memory_mb: number | null;
  note: string;
  task: string;
  thermal_state: string;
}

/** A message of the question. */
export interface LoggedMessage {
  parts: LoggedPart[];
  role: string;
}

/** A piece of a message. Pictures and documents have no text: they are not kept. */
export interface LoggedPart {
  arguments?: string;
  name?: string;
  text?: string;
  type: string;
}

/** What was asked: messages, or texts, or (`relayed`) a body as it went. */
export interface LoggedRequest {
  messages?: LoggedMessage[];
  parameters?: Record<string, number | string>;
  relayed?: string | null;
  texts?: string[];
  tools?: string[];
}

/** What was answered. */
export interface LoggedResponse {
  parts: LoggedPart[];
  stop_reason: string | null;
}

/** What is asked through keys and answered is kept for `days`, without the kinds of personal data in `redact`. `admins_read`: by the workspace's admins too, not only by the person. */
export interface LoggingSettings {
  admins_read?: boolean;
  days?: number;
  is_active?: boolean;
  redact?: ("email" | "phone" | "iban" | "card" | "ip" | "national_id")[];
  redact_secrets?: boolean;
}

/** A new key, with the secret that is shown once. */
export interface MadeApiKey {
  created_at: string;
  expires_at: string | null;
  id: string;
  last_used_at: string | null;
  name: string;
  prefix: string;
  revoked_at: string | null;
  scopes: ("inference" | "read" | "write" | "memory" | "documents" | "admin")[];
  secret: string;
  user_email: string;
  user_id: string;
}

/** A new invitation, with the link that is shown once. `mail_error`: why it could not be mailed. */
export interface MadeInvitation {
  created_at: string;
  email: string;
  expires_at: string;
  id: string;
  invited_by: string | null;
  link: string;
  mail_error?: string | null;
  mailed_at: string | null;
  name: string;
  role: "owner" | "admin" | "member" | "viewer";
}

/** A merge that began; it is followed at /api/runs/{run_id}/events. */
export interface MadeMerge {
  id: string;
  run_id: string;
  status?: "running" | "completed" | "partial" | "failed" | "cancelled";
}

/** Shown once. */
export interface MadeScimToken {
  token: string;
}

/** A session that began; it is followed at /api/reasoning/sessions/{id}/events. */
export interface MadeSession {
  id: string;
  status?: "running" | "waiting" | "paused" | "completed" | "partial" | "failed" | "cancelled";
}

/** A new workspace and its owner. */
export interface MadeTenant {
  created_at: string;
  id: string;
  name: string;
  owner: Invited;
  plan: "free" | "standard" | "enterprise";
  slug: string;
  status: "active" | "suspended";
}

/** A person or a key in a vault. */
export interface Member {
  added_at: string;
  added_by: string | null;
  api_key_id: string | null;
  id: string;
  /** The person's e-mail, or the key's name. */
  name: string | null;
  role: "owner" | "manager" | "user" | "auditor";
  user_id: string | null;
}

/** The role to give. */
export interface MemberRole {
  role: "owner" | "manager" | "user" | "auditor";
}

/** What whoever is in a group may do with its memory. Admins that are in the group may do everything. */
export interface MembersMay {
  members_may?: "read" | "write";
}

/** A memory. `evidence`: how often it was said; `embedded`: it is found by meaning already. */
export interface Memory {
  access_count: number;
  aliases: string[];
  confidence: number;
  content: string;
  conversation: string | null;
  created_at: string;
  embedded: boolean;
  evidence: number;
  expires_at: string | null;
  happened_at: string | null;
  id: string;
  importance: number;
  last_accessed: string | null;
  learned: boolean;
  learned_from: string[];
  memory_type: string;
  message_id: string | null;
  metadata: Record<string, unknown>;
  pinned: boolean;
  said_at: string | null;
  scope: string[];
  slot: Slot | null;
  source: string | null;
  span: radiant__workspace__memory__schemas__Span | null;
  speaker: string | null;
  state: "current" | "superseded" | "needs_review" | "expired";
  store_id: string;
  store_name: string;
  superseded_by: string | null;
  updated_at: string;
  valid_from: string;
  valid_to: string | null;
}

/** What is given of a memory over HTTP. `facts_of`: memories that it was extracted from, whose rank it raises. */
export interface MemoryText {
  aliases?: string[];
  content: string;
  conversation?: string | null;
  expires_at?: string | null;
  facts_of?: string[];
  happened_at?: string | null;
  importance?: number;
  message_id?: string | null;
  metadata?: Record<string, unknown>;
  pinned?: boolean;
  said_at?: string | null;
  scope?: string[];
  slot?: Slot | null;
  source?: string | null;
  span?: Span_Input | null;
  speaker?: string | null;
  store_name?: string;
  type?: string;
}

/** Everything about a merge. `decided_by`: what settled it; `confidence`: how sure the strategy is, uncalibrated; `chosen`: the answer that was taken as it is; `notes`: what did not go as it should. */
export interface Merge {
  answer_kind: string;
  chosen: number | null;
  claims: MergeClaim[];
  clusters: MergeCluster[];
  completed_at: string | null;
  confidence: number | null;
  created_at: string;
  decided_by: string | null;
  decision: "decided" | "no_consensus" | "only_answer" | "none_usable" | "no_answers" | null;
  error: Failure | null;
  final_result: string | null;
  good: boolean | null;
  id: string;
  judge_model: string | null;
  judge_tokens: number | null;
  judgements: Judgement[];
  latency_ms: number | null;
  merge_strategy: "consensus" | "best_of" | "synthesize" | "debate";
  models_used: string[];
  notes: string[];
  options: Record<string, unknown>;
  prompt: string;
  provenance: Sentence[];
  quality_basis: string | null;
  quality_score: number | null;
  responses: MergeResponse[];
  run_id: string | null;
  status: "running" | "completed" | "partial" | "failed" | "cancelled";
  task_type: string;
  total_cost: string | null;
  turns: DebateTurn[];
  writer_model: string | null;
  writer_tokens: number | null;
}

/** What answers claim. `sources`: in whose words, by position; `used`: the result rests on it. */
export interface MergeClaim {
  id: number;
  opposers: number[];
  sources: Record<string, string>;
  supporters: number[];
  text: string;
  used?: boolean;
}

/** Answers that say the same, and how likely they are right. */
export interface MergeCluster {
  chosen?: boolean;
  members: number[];
  probability: number;
  value: string;
}

/** Memories of one store to make one of: the first one stays, with `content` where it is given. */
export interface MergeMemories {
  content?: string | null;
  ids: string[];
}

/** An answer and its part in the result. `gates`: why it was kept out; `copy_of`: an earlier answer that it repeats; `answer`: what it says in canonical form; `ability`: in logits, by the judge. */
export interface MergeResponse {
  ability: number | null;
  answer: string | null;
  contribution_weight: string;
  copy_of: number | null;
  cost: string | null;
  error: Failure | null;
  gates: string[];
  given: boolean;
  latency_ms: number | null;
  message_id: string | null;
  model: string;
  position: number;
  response: string;
  tokens_used: number | null;
}

/** A merge in the list. */
export interface MergeSummary {
  completed_at: string | null;
  created_at: string;
  decision: "decided" | "no_consensus" | "only_answer" | "none_usable" | "no_answers" | null;
  id: string;
  merge_strategy: "consensus" | "best_of" | "synthesize" | "debate";
  models_used: string[];
  prompt: string;
  quality_basis: string | null;
  quality_score: number | null;
  status: "running" | "completed" | "partial" | "failed" | "cancelled";
  total_cost: string | null;
}

/** A message of the tree. Cost in dollars, times in milliseconds. `recalled`: how many preferences and memories were brought up for it; `cited`: how many passages of documents it was given; `left_out`: the chosen documents could not be looked up in time, and it was answered without them. */
export interface Message {
  cited?: number;
  content: Record<string, unknown>[];
  cost: string | null;
  created_at: string;
  decision_id: string | null;
  duration_ms: number | null;
  error: Record<string, unknown> | null;
  first_token_ms: number | null;
  id: string;
  input_tokens: number | null;
  left_out?: boolean;
  model: string | null;
  output_tokens: number | null;
  parent_id: string | null;
  reasoning: string;
  recalled?: number;
  role: "system" | "user" | "assistant" | "tool";
  run_id: string | null;
  status: "streaming" | "complete" | "stopped" | "failed";
  stop_reason: string | null;
}

/** A secret that follows a credential. */
export interface Mirror {
  access_credential_id: string | null;
  checked_at: string | null;
  credential_id: string;
  /** What Secrets Manager holds: changed or missing since it was pushed. */
  drift: "unknown" | "none" | "changed" | "missing";
  error: string | null;
  failures: number;
  id: string;
  pushed_at: string | null;
  pushed_version: number | null;
  region: string;
  secret_id: string;
}

/** A model. Prices in dollars per million tokens; `reason`: why it cannot be used, if so. */
export interface ModelInfo {
  available: boolean;
  capabilities: string[];
  character_price?: string | null;
  context_length: number | null;
  display_name: string;
  id: string;
  input_price: string | null;
  license: string;
  local: boolean;
  max_output_tokens: number | null;
  minute_price?: string | null;
  note: string;
  output_price: string | null;
  provider: string;
  reason: string | null;
  task: string;
  thermal_state: string | null;
}

/** A model and how it does. `unavailable`: why it cannot be used, if so; `named`: calls that named it, of whatever task: they stand in where few of a task are known. */
export interface ModelStanding {
  model: string;
  named: Figures;
  provider: string;
  tasks: ByTask[];
  unavailable: string | null;
}

/** This month's spend, and where it leads at the pace of the last seven days. */
export interface Month {
  end: string;
  forecast: string;
  spent: string;
  start: string;
}

/** A name for what the artifact says now, by which it is kept. */
export interface NamedVersion {
  name: string;
}

/** A key to be made. */
export interface NewApiKey {
  expires_at?: string | null;
  name: string;
  scopes?: ("inference" | "read" | "write" | "memory" | "documents" | "admin")[];
}

/** An artifact to be made. Without a position it is put where there is room. */
export interface NewArtifact {
  content?: string;
  language?: string | null;
  position?: Position | null;
  provenance?: Provenance | null;
  size?: Size;
  title?: string;
  type: "code" | "markdown" | "mermaid" | "html" | "svg" | "json" | "table";
}

/** A role or user to be registered. */
export interface NewAwsIdentity {
  arn: string;
  /** Of a role: what its trust policy asks for. One is made where none is given. */
  external_id?: string | null;
  /** A credential that holds the external id, in place of external_id. */
  external_id_credential?: string | null;
  /** At the latest after so long, used or not. */
  grace_seconds?: number;
  /** Of a user: the old key is switched off once it was unused for so long. */
  idle_seconds?: number;
  /** So long it is switched off before it is deleted. */
  inactive_seconds?: number;
  /** A credential of type aws: a role is assumed by its keys; a user's own keys live in it. */
  key_credential?: string | null;
  /** Of a user: the registered role that manages its keys; its own keys do unless given. */
  manager_id?: string | null;
  /** The longest session; no longer than the role itself allows. */
  max_duration_seconds?: number;
  name: string;
  /** Managed policies that narrow them. */
  policy_arns?: string[];
  /** Whose STS is asked; the partition's first unless given. */
  region?: string | null;
  /** Of a user: its key is rotated by itself so long after the last time. */
  rotate_after_days?: number | null;
  /** A policy that narrows every session of the role. */
  session_policy?: Record<string, unknown> | null;
  /** credential: by the keys in key_credential. platform: by those of this installation's own, which the operator alone may say. */
  source?: "credential" | "platform";
  /** Tags of every session. */
  tags?: Record<string, unknown>;
  /** Those of them that go on to roles which a session assumes. */
  transitive_tag_keys?: string[];
}

/** A base to be made. */
export interface NewBase {
  description?: string;
  embedding_model?: string | null;
  name: string;
  owner?: "person" | "tenant";
}

/** A budget to be made; dollars. */
export interface NewBudget {
  amount: number | string;
  api_key_id?: string | null;
  is_active?: boolean;
  model?: string | null;
  period: "day" | "month" | "total";
  scope?: "tenant" | "user" | "api_key" | "model";
  user_id?: string | null;
  warn_at?: number | string | null;
}

/** A canvas to be made; its type chooses what is on it at first, unless `artifacts` are brought along. */
export interface NewCanvas {
  artifacts?: NewArtifact[] | null;
  canvas_name?: string | null;
  canvas_type?: "general" | "document" | "code" | "diagram" | "dashboard" | "research" | "presentation";
  chat_id?: string | null;
}

/** A chat to be made. `documents`: as in `ChatChange`. */
export interface NewChat {
  documents?: string[];
  model?: string;
  system_prompt?: string;
  title?: string;
}

/** A key to be tested and sealed. `shared`: for every workspace (operator). */
export interface NewConnection {
  api_key?: string | null;
  base_url?: string | null;
  credential?: string | null;
  name?: string;
  settings?: Record<string, string>;
  shared?: boolean;
}

/** A credential to be kept. */
export interface NewCredential {
  /** It is not served past that. */
  expires_at?: string | null;
  /** The fields of the type. */
  fields?: Record<string, unknown> | null;
  /** How long the version before is served after a rotation. */
  grace_seconds?: number;
  /** What is not secret; shown to every member. */
  metadata?: Record<string, unknown>;
  name: string;
  rotation_schedule?: string | null;
  /** api_key, oauth2, basic, aws, ssh_key, tls_cert, database, json, text or binary. */
  type: string;
  /** A text; for a type with fields its main one. */
  value?: string | null;
  /** Bytes, for the type binary. */
  value_base64?: string | null;
}

/** A program that sends errors. */
export interface NewErrorProject {
  events_per_minute?: number;
  keep_variables?: boolean;
  name: string;
  platform?: string;
  slug: string;
  transactions?: "count" | "drop";
}

/** A group to be made. */
export interface NewGroup {
  name: string;
}

/** A guardrail as it is written. `stage`: of the prompt (before), of the answer (after), or of both. `redact` cannot be undone; `pseudonymise` puts placeholders into the prompt and the values back into the answer. */
export interface NewGuardrail {
  action?: "block" | "redact" | "pseudonymise";
  is_active?: boolean;
  kind: "pii" | "secrets" | "regex" | "size" | "webhook" | "model";
  name: string;
  settings?: Record<string, unknown>;
  stage: "before" | "after" | "both";
}

/** How panes are to lie at first. */
export interface NewLayout {
  type?: "horizontal" | "vertical" | "grid";
}

/** A rate limit to be made; a limit of concurrency has the period now. */
export interface NewLimit {
  amount: number;
  api_key_id?: string | null;
  is_active?: boolean;
  meter: "requests" | "tokens" | "concurrency";
  model?: string | null;
  period: "minute" | "hour" | "day" | "now";
  scope?: "tenant" | "user" | "api_key" | "model";
  user_id?: string | null;
}

/** Answers, or models that are asked, or both. */
export interface NewMerge {
  judge_model?: string | null;
  max_cost?: number | string | null;
  models?: string[];
  prompt: string;
  responses?: GivenResponse[];
  rounds?: number;
  seconds?: number;
  strategy?: "consensus" | "best_of" | "synthesize" | "debate";
  writer_model?: string | null;
}

/** Where to push a credential's current version to. */
export interface NewMirror {
  /** The credential of type aws by which Amazon is asked; left out, this installation's own identity, which the operator alone may use. */
  access_credential_id?: string | null;
  region: string;
  /** Name or ARN of the secret; one that is missing is made, by name. */
  secret_id: string;
}

/** A pane to be made. `chat_id`: a chat that it is to show, else it gets one of its own; `model`: else the chat's. */
export interface NewPane {
  chat_id?: string | null;
  model?: string | null;
  parameters?: ChatParameters;
  system_prompt?: string | null;
}

/** A question to panes: the chosen ones, or where they go together, all. */
export interface NewPanesTurn {
  content: (TextContent | ImageContent)[];
  pane_ids?: string[] | null;
}

/** The authenticator's answer, and a name to know it by. */
export interface NewPasskey {
  credential: PasskeyCredential;
  name: string;
}

/** A policy to be made: of one key, or (null) of the workspace. */
export interface NewPolicy {
  aliases?: Record<string, unknown>;
  allowed_models?: string[] | null;
  api_key_id?: string | null;
  cache?: CacheSettings | null;
  denied_models?: string[];
  is_active?: boolean;
  logging?: LoggingSettings | null;
  name: string;
  parameters?: Parameters;
  required_tags?: RequiredTag[];
}

/** What a model is asked to make of a part of an artifact; without a selection, of all of it. */
export interface NewProposal {
  instruction: string;
  model?: string;
  selection?: Selection | null;
}

/** A problem to be solved. */
export interface NewReasoningSession {
  budget?: ReasoningBudget_Input;
  checks?: (ExpressionCheck | ValueCheck | PatternCheck | CodeCheck)[];
  documents?: string[];
  domain?: "general" | "math" | "code" | "research" | "data" | "planning";
  max_steps?: number;
  model?: string | null;
  problem: string;
  review_plan?: boolean;
  samples?: number;
  stop_at?: number;
  strategy?: "stepwise" | "vote" | "tree" | null;
  tools?: string[] | null;
}

/** From the memory of the path to another of the same store. */
export interface NewRelationship {
  relationship_type: string;
  strength?: number;
  target_memory_id: string;
}

/** Asking another person. */
export interface NewRevealRequest {
  reason: string;
}

/** A room to make; the caller becomes its owner. */
export interface NewRoom {
  /** tenant: whoever is in the workspace may enter, as an editor */
  access?: "invited" | "tenant";
  /** how many people may take part */
  max_participants?: number;
  room_name: string;
  room_type?: string;
}

/** Something that a client did and wants kept in the room's history. */
export interface NewRoomAction {
  action_data?: Record<string, unknown>;
  action_type: string;
}

/** A comment; with `parent_id` an answer in that thread. */
export interface NewRoomComment {
  anchor?: CommentAnchor | null;
  body: string;
  mentions?: string[];
  parent_id?: string | null;
}

/** A link into the room for people of this workspace. */
export interface NewRoomInvitation {
  expires_in_days?: number;
  role?: "editor" | "commenter" | "viewer";
}

/** Somebody to bring in, by the address that they sign in with. */
export interface NewRoomParticipant {
  email: string;
  role?: "owner" | "editor" | "commenter" | "viewer";
}

/** A rotation now. */
export interface NewRotation {
  /** 0 where the value leaked; the credential's unless given. */
  grace_seconds?: number | null;
  reason?: string | null;
}

/** How a credential is rotated, and when. Without a rotator, a schedule reminds its managers. */
export interface NewRotator {
  /** How long the version before is served; unchanged unless given. */
  grace_seconds?: number | null;
  /** postgres, webhook …: see `rotators` of the answer. */
  rotator?: string | null;
  /** 12h, 30d, 2w or 30d at 03:00 (UTC); null: by hand alone. */
  schedule?: string | null;
  /** What the rotator asks for; no secrets. */
  settings?: Record<string, unknown>;
}

/** `platform`: for every workspace, after its own; by the operator alone. */
export interface NewRule {
  conditions?: Conditions_Input;
  fallback_models?: string[];
  is_active?: boolean;
  name: string;
  priority?: number | null;
  scope?: "workspace" | "platform";
  target_model: string;
}

/** A service account to be made. */
export interface NewServiceAccount {
  name: string;
  role?: "viewer" | "member" | "admin";
}

/** A session to be made. `panes`: how many, or what each is to be; `documents`: as in `SessionChange`. */
export interface NewSession {
  documents?: string[];
  layout?: NewLayout;
  max_panes?: number;
  name?: string | null;
  panes?: number | NewPane[];
  sync_mode?: "independent" | "synchronized" | "broadcast";
}

/** A link to be made. Without an end it holds until it is taken back. */
export interface NewShare {
  expires_in_days?: number | null;
}

/** A store to get, or to make. `embedding_model`: changes it, and what is in it is embedded anew. */
export interface NewStore {
  embedding_model?: string | null;
  store_name?: string;
}

/** A text to say. What is left out is the session's, or the model's own. */
export interface NewSynthesis {
  model?: string;
  output_format?: "mp3" | "wav" | "opus" | "aac" | "flac" | "pcm" | null;
  /** of the voice, by its provider's names */
  settings?: Record<string, number | boolean>;
  speed?: number;
  text: string;
  voice_id?: string | null;
}

/** A text to be kept as a document. */
export interface NewText {
  metadata?: Record<string, unknown>;
  name: string;
  text: string;
}

/** An MCP server: at a `url` over streamable HTTP, or the `command` of that name that the operator lists. The value of `credential_id` goes in the header `header_name`, after `header_scheme`. */
export interface NewToolServer {
  command?: string | null;
  credential_id?: string | null;
  header_name?: string;
  header_scheme?: string;
  name: string;
  url?: string | null;
}

/** A tool of the workspace's own. `credential_id`: whose value signs the calls. */
export interface NewToolWebhook {
  credential_id: string;
  description: string;
  name: string;
  parameters: Record<string, unknown>;
  side_effects?: boolean;
  url: string;
}

/** A question. `parent_id`: the message that it follows; absent: the chat's last; null: it starts the chat anew. */
export interface NewTurn {
  content: (TextContent | ImageContent)[];
  model?: string | null;
  parent_id?: string | null;
}

/** A person to be invited. */
export interface NewUser {
  email: string;
  name?: string;
  role?: "owner" | "admin" | "member" | "viewer";
}

/** A vault to be; whoever makes it owns it. */
export interface NewVault {
  description?: string | null;
  name: string;
  /** How long what was deleted can be had back. */
  recovery_days?: number;
  /** Roles that are shown values. */
  reveal_roles?: ("owner" | "manager" | "user" | "auditor")[];
  /** How long an approval may be used. */
  reveal_window_seconds?: number;
  /** Whether showing a value takes another person's approval. */
  second_person?: boolean;
}

/** A new version: the current one at once, or pending until it is promoted. */
export interface NewVersion {
  /** When the new value expires; unchanged unless given. */
  expires_at?: string | null;
  /** The fields of the type. */
  fields?: Record<string, unknown> | null;
  /** The credential's unless given. */
  grace_seconds?: number | null;
  stage?: "pending" | "current";
  /** A text; for a type with fields its main one. */
  value?: string | null;
  /** Bytes, for the type binary. */
  value_base64?: string | null;
}

/** A session to begin. `input_format` is what will be sent (told by its bytes all the same), `output_format` what is answered. */
export interface NewVoiceSession {
  chat_id?: string | null;
  input_format?: string | null;
  /** left out: found out by listening */
  language?: string | null;
  output_format?: "mp3" | "wav" | "opus" | "aac" | "flac" | "pcm" | null;
  session_type: "stt" | "tts" | "realtime" | "video";
  title?: string;
  voice_id?: string | null;
}

/** A memory in the graph. */
export interface Node {
  content: string;
  id: string;
  importance: number;
  memory_type: string;
  pinned: boolean;
}

/** Decisions of which nothing can be said, and why: `conversation`: they went on with the model that theirs had; `pattern`: whether `rule` would have found what it looks for, nobody knows, since prompts are not kept; `unnoted`: what was weighed was not noted. */
export interface NotReplayed {
  decisions: number;
  rule: string | null;
  why: "conversation" | "pattern" | "unnoted";
}

/** Of temperature and top_p. */
export interface NumberBound {
  default?: number | null;
  maximum?: number | null;
  over?: "clamp" | "refuse";
}

/** Shown once. */
export interface OneTimePassword {
  one_time_password: string;
}

/** What the platform's operator may change. */
export interface OperatorTenantChange {
  name?: string | null;
  plan?: "free" | "standard" | "enterprise" | null;
  status?: "active" | "suspended" | null;
}

/** How to think. `strategy`: chosen by the problem's complexity where it is left out; `model`: for every step, else the Brain chooses one for each; `max_steps`: sub-problems at most; `samples`: answers of `vote`, and candidates a level of `tree`; `tools`: those that may be used, null: all that the caller may use; `documents`: knowledge bases to look into; `review_plan`: wait for a person before the plan runs; `stop_at`: how confident an answer that is not verified has to be to count as a solution. */
export interface Options {
  budget?: ReasoningBudget_Output;
  checks?: (ExpressionCheck | ValueCheck | PatternCheck | CodeCheck)[];
  documents?: string[];
  domain?: "general" | "math" | "code" | "research" | "data" | "planning";
  max_steps?: number;
  model?: string | null;
  review_plan?: boolean;
  samples?: number;
  stop_at?: number;
  strategy?: "stepwise" | "vote" | "tree" | null;
  tools?: string[] | null;
}

/** All guardrails of a policy, in the order in which they are to be asked. */
export interface Order {
  guardrails: string[];
}

/** A time at a glance, beside the time of the same length before it. */
export interface Overview {
  before: Sums;
  by_model: GroupSums[];
  by_user: GroupSums[];
  end: string;
  series: Point[];
  start: string;
  step: "hourly" | "daily";
  total: Sums;
}

/** A workspace's own figures: null for what its plan says, -1 for no limit. */
export interface OwnLimits {
  keys?: number | null;
  seats?: number | null;
  storage_bytes?: number | null;
}

export interface PageOf_AccessEntry_ {
  items: AccessEntry[];
  next?: string | null;
}

export interface PageOf_Aggregate_ {
  items: Aggregate[];
  next?: string | null;
}

export interface PageOf_ApiKey_ {
  items: ApiKey[];
  next?: string | null;
}

export interface PageOf_AwsIdentity_ {
  items: AwsIdentity[];
  next?: string | null;
}

export interface PageOf_Base_ {
  items: Base[];
  next?: string | null;
}

export interface PageOf_Call_ {
  items: Call[];
  next?: string | null;
}

export interface PageOf_CanvasSummary_ {
  items: CanvasSummary[];
  next?: string | null;
}

export interface PageOf_ChatSummary_ {
  items: ChatSummary[];
  next?: string | null;
}

export interface PageOf_Credential_ {
  items: Credential[];
  next?: string | null;
}

export interface PageOf_Decision_ {
  items: Decision[];
  next?: string | null;
}

export interface PageOf_Document_ {
  items: Document[];
  next?: string | null;
}

export interface PageOf_Entry_ {
  items: Entry[];
  next?: string | null;
}

export interface PageOf_ErrorGroup_ {
  items: ErrorGroup[];
  next?: string | null;
}

export interface PageOf_ErrorLog_ {
  items: ErrorLog[];
  next?: string | null;
}

export interface PageOf_Group_ {
  items: Group[];
  next?: string | null;
}

export interface PageOf_GroupMember_ {
  items: GroupMember[];
  next?: string | null;
}

export interface PageOf_Happening_ {
  items: Happening[];
  next?: string | null;
}

export interface PageOf_Invitation_ {
  items: Invitation[];
  next?: string | null;
}

export interface PageOf_KeyRotation_ {
  items: KeyRotation[];
  next?: string | null;
}

export interface PageOf_Leak_ {
  items: Leak[];
  next?: string | null;
}

export interface PageOf_Member_ {
  items: Member[];
  next?: string | null;
}

export interface PageOf_Memory_ {
  items: Memory[];
  next?: string | null;
}

export interface PageOf_MergeSummary_ {
  items: MergeSummary[];
  next?: string | null;
}

export interface PageOf_Passage_ {
  items: Passage[];
  next?: string | null;
}

export interface PageOf_PastValue_ {
  items: PastValue[];
  next?: string | null;
}

export interface PageOf_Pattern_ {
  items: Pattern[];
  next?: string | null;
}

export interface PageOf_Preference_ {
  items: Preference_Output[];
  next?: string | null;
}

export interface PageOf_PreferenceChange_ {
  items: PreferenceChange[];
  next?: string | null;
}

export interface PageOf_ReasoningSessionSummary_ {
  items: ReasoningSessionSummary[];
  next?: string | null;
}

export interface PageOf_RequestLog_ {
  items: RequestLog[];
  next?: string | null;
}

export interface PageOf_Resolution_ {
  items: Resolution[];
  next?: string | null;
}

export interface PageOf_RevealRequest_ {
  items: RevealRequest[];
  next?: string | null;
}

export interface PageOf_Room_ {
  items: Room[];
  next?: string | null;
}

export interface PageOf_RoomAction_ {
  items: RoomAction[];
  next?: string | null;
}

export interface PageOf_RoomComment_ {
  items: RoomComment[];
  next?: string | null;
}

export interface PageOf_RoomMention_ {
  items: RoomMention[];
  next?: string | null;
}

export interface PageOf_RoomStretch_ {
  items: RoomStretch[];
  next?: string | null;
}

export interface PageOf_RoomVersion_ {
  items: RoomVersion[];
  next?: string | null;
}

export interface PageOf_Rotation_ {
  items: Rotation[];
  next?: string | null;
}

export interface PageOf_SessionSummary_ {
  items: SessionSummary[];
  next?: string | null;
}

export interface PageOf_Synthesis_ {
  items: Synthesis[];
  next?: string | null;
}

export interface PageOf_Tenant_ {
  items: Tenant[];
  next?: string | null;
}

export interface PageOf_Transcription_ {
  items: Transcription[];
  next?: string | null;
}

export interface PageOf_User_ {
  items: User[];
  next?: string | null;
}

export interface PageOf_Vault_ {
  items: Vault[];
  next?: string | null;
}

export interface PageOf_Version_ {
  items: Version[];
  next?: string | null;
}

export interface PageOf_VersionSummary_ {
  items: VersionSummary[];
  next?: string | null;
}

export interface PageOf_Video_ {
  items: Video[];
  next?: string | null;
}

export interface PageOf_VideoFrame_ {
  items: VideoFrame[];
  next?: string | null;
}

export interface PageOf_VoiceSession_ {
  items: VoiceSession[];
  next?: string | null;
}

export interface PageOf_VoiceTurn_ {
  items: VoiceTurn[];
  next?: string | null;
}

/** What the page of RADIANT itself failed at: for the platform's operator. */
export interface PageReport {
  message: string;
  release?: string;
  route?: string;
  stack_trace?: string;
  type?: string;
}

/** A pane. `chat_id` is null once its chat was deleted: its next question starts another. `run_id`: its live run. */
export interface Pane {
  chat_id: string | null;
  id: string;
  last_activity: string;
  model: string;
  pane_index: number;
  parameters: ChatParameters;
  run_id: string | null;
  status: "idle" | "queued" | "streaming" | "failed";
  system_prompt: string;
}

/** What can be changed of a pane. `parameters` replace those before. */
export interface PaneChange {
  chat_id?: string | null;
  model?: string | null;
  pane_index?: number | null;
  parameters?: ChatParameters | null;
  system_prompt?: string | null;
}

/** The question `message_id`, asked otherwise: a branch of its own. */
export interface PaneEdit {
  content: (TextContent | ImageContent)[];
  message_id: string;
}

/** Another answer to the question that `message_id` answers (or is), perhaps of another model. */
export interface PaneRetry {
  message_id: string;
  model?: string | null;
}

/** A session with everything of it but what is said. */
export interface PanesSession {
  created_at: string;
  documents: string[];
  id: string;
  is_active: boolean;
  last_turn: LastTurn | null;
  layout: Layout;
  max_panes: number;
  name: string | null;
  panes: Pane[];
  sync: Sync;
  updated_at: string;
}

/** What came of a question: who answers, and who could not start. */
export interface PanesTurn {
  refused: RefusedPane[];
  started: Started[];
  turn: number;
}

/** A pane to be added, at the end or at the place `pane_index`. */
export interface PaneToAdd {
  chat_id?: string | null;
  model?: string | null;
  pane_index?: number | null;
  parameters?: ChatParameters;
  system_prompt?: string | null;
}

/** Defaults are filled in where a call says nothing; null: not bound. */
export interface Parameters {
  max_tokens?: TokensBound | null;
  n?: CountBound | null;
  reasoning_effort?: EffortBound | null;
  temperature?: NumberBound | null;
  top_p?: NumberBound | null;
}

/** A passage: characters [start, end) of its document's text. Pages from 1, of what has pages; `headings`: that it stands under, the outermost first. */
export interface Passage {
  end: number;
  first_page: number | null;
  headings: string[];
  id: string;
  last_page: number | null;
  number: number;
  start: number;
  text: string;
}

/** A passkey of the caller's; `backed_up`: its keeper has a copy elsewhere. */
export interface Passkey {
  backed_up: boolean;
  created_at: string;
  id: string;
  last_used_at: string | null;
  name: string;
}

/** `PublicKeyCredential.toJSON()` of the browser. */
export interface PasskeyCredential {
  id: string;
  rawId: string;
  response: AuthenticatorResponse;
  type: "public-key";
}

/** Another name, or none. */
export interface PasskeyName {
  name?: string | null;
}

/** The authenticator's answer. */
export interface PasskeySignIn {
  credential: PasskeyCredential;
}

/** What stands behind the # of a reset's link, and the new password. */
export interface PasswordByMail {
  new_password: string;
  token: string;
}

/** A new password, proven by the old one. */
export interface PasswordChange {
  current_password: string;
  new_password: string;
}

/** A value that held. */
export interface PastValue {
  confidence: number | null;
  id: string;
  learned_from: string[];
  preference_value: unknown;
  valid_from: string;
  valid_to: string;
}

/** What a person does more often than evenly. `shown`: seen five times, and the lift is no chance. */
export interface Pattern {
  id: string;
  last_occurred: string;
  occurrence_count: number;
  pattern_data: PatternData;
  pattern_key: string;
  pattern_type: "hour_of_week" | "task_type" | "tool" | "model" | "length" | "language";
  shown: boolean;
}

/** The answer matches a regular expression (RE2), as a whole. */
export interface PatternCheck {
  pattern: string;
  type?: "pattern";
}

/** `count` of `total` that could have been; `interval`: of the share, 95 %; `lift`: the share over what evenly spread would be. */
export interface PatternData {
  count: number;
  interval: unknown[];
  lift: number;
  share: number;
  total: number;
}

/** Begin nothing new; what is under way ends. */
export interface Pause {
  kind?: "pause";
}

/** One to import. */
export interface PickedSecret {
  /** What to call it here; its own name unless given. */
  name?: string | null;
  secret_id: string;
  /** Told from its value unless given. */
  type?: string | null;
}

/** A picture, by an address that the model's provider fetches, or by a data: URL. */
export interface Picture {
  type: "image_url";
  url: string;
}

/** A sub-problem. `depends_on`: those whose answers it needs; `difficulty` chooses its model where none is named; `tools`: the only ones that it may use. */
export interface PlannedNode {
  depends_on?: string[];
  difficulty?: "easy" | "medium" | "hard";
  id: string;
  model?: string | null;
  question: string;
  tools?: string[];
}

/** The same of one hour or day. */
export interface Point {
  at: string;
  avg_latency_ms: number | null;
  error_count: number;
  input_tokens: number;
  output_tokens: number;
  p50_latency_ms: number | null;
  p95_latency_ms: number | null;
  p99_latency_ms: number | null;
  total_cost: string;
  total_requests: number;
  total_tokens: number;
  unique_users: number;
}

/** A policy as it stands. */
export interface Policy {
  aliases?: Record<string, unknown>;
  allowed_models?: string[] | null;
  api_key_id: string | null;
  cache?: CacheSettings | null;
  created_at: string;
  denied_models?: string[];
  id: string;
  is_active?: boolean;
  key_name: string | null;
  key_owner: string | null;
  logging?: LoggingSettings | null;
  name: string;
  parameters?: Parameters;
  required_tags?: RequiredTag[];
  updated_at: string;
}

/** What a policy says. Models are named by id, provider/id or alias, with * for any characters. */
export interface PolicySettings {
  aliases?: Record<string, unknown>;
  allowed_models?: string[] | null;
  cache?: CacheSettings | null;
  denied_models?: string[];
  is_active?: boolean;
  logging?: LoggingSettings | null;
  name: string;
  parameters?: Parameters;
  required_tags?: RequiredTag[];
}

/** Where the upper left corner is. */
export interface Position {
  x: number;
  y: number;
}

/** Of two answers to one question this one was chosen. */
export interface Preference_Input {
  chosen: string;
  comment?: string | null;
  kind: "pair";
  rejected: string;
}

/** What a person prefers. `confidence`: that the value is right, 0..1; `interval`: its 10 and 90 % quantiles, of which `low` is the first; `evidence`: signals that are kept; `applied`: brought up in chats; `learned_from`: messages. */
export interface Preference_Output {
  applied: boolean;
  confidence: number;
  confirmed: boolean;
  created_at: string;
  evidence: number;
  id: string;
  interval: unknown[];
  lasting: "identity" | "preference" | "mood";
  learned_from: string[];
  locked: boolean;
  low: number;
  preference_key: string;
  preference_value: unknown;
  updated_at: string;
}

/** What happened. Of what was forgotten neither key nor value is kept. */
export interface PreferenceChange {
  after: Snapshot | null;
  at: string;
  before: Snapshot | null;
  preference_key: string | null;
  what: "learned" | "raised" | "lowered" | "superseded" | "edited" | "confirmed" | "rejected" | "forgotten";
  why: string;
}

/** What the person says it is. */
export interface PreferenceEdit {
  value: string | boolean | number | string[];
}

/** What matters. Limits are hard; dollars and milliseconds. */
export interface Preferences {
  max_cost?: number | string | null;
  max_latency_ms?: number | null;
  preferred_provider?: string | null;
  quality_level?: "economy" | "balanced" | "premium";
}

/** What a person may change. */
export interface ProfileChange {
  name?: string | null;
  preferences?: Record<string, unknown> | null;
}

/** What a model proposes. `base_text`: the artifact's content that it was asked about; `hunks` are places in it. */
export interface Proposal {
  accepted: number[];
  artifact_id: string;
  asked_by: string | null;
  base_text: string;
  canvas_id: string;
  cost: string | null;
  created_at: string;
  decided_at: string | null;
  error: Record<string, unknown> | null;
  hunks: ProposedHunk[];
  id: string;
  instruction: string;
  model: string;
  proposed_text: string;
  provenance_id: string;
  selection_end: number;
  selection_start: number;
  status: "open" | "applied" | "rejected" | "failed";
  tokens: number;
  undone: boolean;
}

/** A change of a part of `base_text`. */
export interface ProposedHunk {
  from: number;
  id: number;
  new: string;
  old: string;
  to: number;
}

/** Where words come from; what is not known is left out. `by`: whose name it was done in. */
export interface Provenance {
  at?: string | null;
  by?: string | null;
  cost_nano?: number | null;
  decision_id?: string | null;
  kind: "chat" | "pane" | "merge" | "reasoning" | "model" | "person";
  message_id?: string | null;
  model?: string | null;
  prompt?: string | null;
  prompt_hash?: string | null;
  provider?: string | null;
  run_id?: string | null;
  session_id?: string | null;
  strategy?: string | null;
}

/** A provider, and how this workspace reaches it. */
export interface ProviderInfo {
  connection: ConnectionInfo | null;
  default_base_url: string;
  detected: string | null;
  display_name: string;
  docs_url: string;
  fields: FieldInfo[];
  local: boolean;
  needs_key: boolean;
  provider: string;
}

/** A fixed copy that whoever has its address may read. `url` is told once, when it is made. */
export interface Publication {
  canvas_id: string;
  canvas_version: number;
  id: string;
  published_at: string;
  published_by: string | null;
  revoked_at: string | null;
  url?: string | null;
}

/** How many answers were forgotten. */
export interface Purged {
  entries: number;
}

/** The artifacts that were made or brought up to date. */
export interface PutResult {
  artifacts: Artifact[];
}

/** What is to be put on the canvas. `as`: `artifacts` parts fenced blocks from the words around them. */
export interface Putting {
  as?: "document" | "artifacts";
  from: FromMessage | FromPane | FromMerge | FromReasoning;
}

/** What is looked for. `groups`: besides the caller's own, what their groups have in common. `min_similarity`: in place of the cut-offs; 0 gives the whole ranked list. `scope`: memories of one of these, and those of none. `pinned`: pinned ones come first, whatever is asked. `hops`: how far relationships are followed. `token_budget`: stop before the results hold more. */
export interface Query {
  as_of?: string | null;
  conversation?: string | null;
  groups?: boolean;
  hops?: number;
  limit?: number;
  min_similarity?: number | null;
  pinned?: boolean;
  query: string;
  scope?: string[] | null;
  store_name?: string | null;
  token_budget?: number | null;
  types?: string[];
}

/** Characters [start, end) of a document's text. */
export interface QuoteSpan {
  end: number;
  start: number;
}

/** A part of a body, and the id of where it comes from (in the canvas's `provenance`). */
export interface radiant__workspace__canvas__schemas__Span {
  end: number;
  provenance_id: string;
  start: number;
}

/** Where in its message a memory was found, in characters. */
export interface radiant__workspace__memory__schemas__Span {
  end: number;
  start: number;
}

/** Why a memory came back. */
export interface Reason {
  detail: string;
  kind: "words" | "meaning" | "nearby" | "speaker" | "time" | "fact" | "alias" | "pinned" | "related";
}

/** What a session may use; it ends as `partial` at the first that is reached. The call in flight is let finish, or is cut at `seconds`. */
export interface ReasoningBudget_Input {
  cost?: number | string | null;
  seconds?: number | null;
  steps?: number | null;
  tokens?: number | null;
}

/** What a session may use; it ends as `partial` at the first that is reached. The call in flight is let finish, or is cut at `seconds`. */
export interface ReasoningBudget_Output {
  cost?: string | null;
  seconds?: number | null;
  steps?: number | null;
  tokens?: number | null;
}

/** What a verifier found. `verifier`: arithmetic, checks, tests, citations, units, derivation, tool. */
export interface ReasoningEvidence {
  detail: string;
  verdict: "confirmed" | "refuted" | "inconclusive";
  verifier: string;
}

/** Why it failed, or is only partial. */
export interface ReasoningFailure {
  detail: string;
  slug: string;
  title: string;
}

/** Whether the solution is right: what confidences are calibrated by. */
export interface ReasoningFeedback {
  good: boolean;
}

/** A sub-problem and what has become of it. `basis`: what its confidence rests on, in words; `attempts`: tries so far. */
export interface ReasoningNode {
  answer?: string | null;
  attempts?: number;
  basis?: string | null;
  confidence?: number | null;
  cost?: string;
  depends_on?: string[];
  difficulty?: "easy" | "medium" | "hard";
  error?: string | null;
  id: string;
  model?: string | null;
  question: string;
  state?: "pending" | "running" | "verified" | "answered" | "failed" | "skipped";
  tools?: string[];
  verifiers?: string[];
}

/** Everything about a session. `confidence`: of the solution, along what it rests on; `basis`: on what, in words; `last_event`: the number of the last event, to follow from. */
export interface ReasoningSession {
  answer: string | null;
  asks: Asked[];
  avg_confidence: number | null;
  basis: string | null;
  completed_at: string | null;
  complexity: "low" | "medium" | "high" | null;
  confidence: number | null;
  constraints: string[];
  created_at: string;
  domain: "general" | "math" | "code" | "research" | "data" | "planning";
  error: ReasoningFailure | null;
  good: boolean | null;
  id: string;
  last_event: number;
  nodes: ReasoningNode[];
  notes: string[];
  options: Options;
  plan_revision: number;
  problem: string;
  problem_summary: string;
  solution: string | null;
  solution_found: boolean;
  status: "running" | "waiting" | "paused" | "completed" | "partial" | "failed" | "cancelled";
  steps: Step[];
  strategy: "stepwise" | "vote" | "tree" | null;
  total_cost: string;
  total_steps: number;
  total_tokens: number;
}

/** A session in the list. */
export interface ReasoningSessionSummary {
  avg_confidence: number | null;
  completed_at: string | null;
  complexity: "low" | "medium" | "high" | null;
  created_at: string;
  domain: "general" | "math" | "code" | "research" | "data" | "planning";
  id: string;
  problem_summary: string;
  solution_found: boolean;
  status: "running" | "waiting" | "paused" | "completed" | "partial" | "failed" | "cancelled";
  strategy: "stepwise" | "vote" | "tree" | null;
  total_cost: string;
  total_steps: number;
  total_tokens: number;
}

/** What became of a batch. Accepted events are in the database; duplicates were accepted before. */
export interface Received {
  accepted: number;
  duplicates: number;
  refused: Refused[];
}

/** Shown once; each works once. */
export interface RecoveryCodes {
  codes: string[];
}

/** What the catalogue's figures of quality are moved by, fitted to judged decisions. `shifts`: by model, in logits, of all tasks ("") and besides of a task. Losses: surprise a decision (nats) on the newest decisions, which it did not see; `gain_low`: the least that it gains there, with 99 %. Above 0 it is put in force by itself. */
export interface Refit {
  created_at: string;
  gain_low: number;
  held_out: number;
  is_active: boolean;
  judged: number;
  loss_after: number;
  loss_before: number;
  shifts: Record<string, Record<string, number>>;
  version: number;
}

/** Which is to be in force; null: none, and the catalogue's figures hold as they are. */
export interface RefitChoice {
  version: number | null;
}

/** An event that was set aside; `index`: its place in the batch, from 0. */
export interface Refused {
  event_id: string | null;
  index: number;
  reason: string;
}

/** A pane that could not start. `error`: {slug, title, detail}. */
export interface RefusedPane {
  error: Record<string, unknown>;
  pane_id: string;
}

/** A memory that is reached over relationships; `strength` is their product. */
export interface Related {
  depth: number;
  memory: Memory;
  relationship_type: string;
  strength: number;
}

/** An edge between two memories. */
export interface Relationship {
  id: string;
  relationship_type: string;
  source_memory_id: string;
  strength: number;
  target_memory_id: string;
}

/** One figure: as it was, and as it would have been, with an interval of 95 %. */
export interface Replayed {
  effective: number;
  high: number;
  logged: number;
  logged_decisions: number;
  low: number;
  value: number;
}

/** A changed set of rules or weights. What is left out is as it is. `rules`: all rules of the workspace as they would be; `preferred_provider`: null is none. */
export interface ReplayRequest {
  days?: number;
  preferred_margin?: number | null;
  preferred_provider?: string | null;
  rules?: RuleSettings[] | null;
  task_type?: "chat" | "code" | "analysis" | "creative" | "vision" | "audio" | null;
  weights?: Terms | null;
}

/** What the changed rules would have come to. `decisions`: those that were made anew, none older than `since`; `left_out`: those that could not be. `changed`: the share that would be others; `unsupported`: of those that never could have been tried, so they say nothing. Figures without evidence are null. */
export interface ReplayResult {
  changed: number;
  cost: Replayed | null;
  decisions: number;
  latency_ms: Replayed | null;
  left_out: NotReplayed[];
  models: Record<string, number>;
  quality: Replayed | null;
  since: string;
  success: Replayed | null;
  unsupported: number;
}

/** It is on disk, and will be in the list in a moment. */
export interface ReportedError {
  id: string;
}

/** A place in a program. */
export interface ReportedFrame {
  file?: string;
  function?: string;
  in_app?: boolean;
  line?: string;
  module?: string;
  number?: number | null;
}

/** A call that was kept; `snippet` is the beginning of its last message, `failure` why it has no whole answer. */
export interface RequestLog {
  api_key_id: string | null;
  created_at: string;
  expires_at: string;
  failure: string | null;
  id: string;
  key_name: string | null;
  model: string;
  policy_name: string | null;
  protocol: string;
  snippet: string | null;
  user_email: string;
  user_id: string;
}

/** Requests and jobs besides the calls of models. `refused`: a request for a model that never became a call, and the slug of its problem; `api`: other requests; `job`: tries of jobs. `what`: method and path, or the job's name; `result`: the status, or done, failed, gave_up. */
export interface Requests {
  count: number;
  error: string | null;
  kind: "refused" | "api" | "job";
  result: string | null;
  what: string;
}

/** A tag that each call through a key must carry; `values`: one of these, or any where there are none. */
export interface RequiredTag {
  name: string;
  values?: string[];
}

/** One request of the past. Tokens, cost, latency and success are known once a call has ended; of one that only named a model they never are. */
export interface Resolution {
  confidence: number | null;
  cost: string | null;
  created_at: string;
  decision_id: string | null;
  id: string;
  input_tokens: number | null;
  latency_ms: number | null;
  output_tokens: number | null;
  quality_level: "economy" | "balanced" | "premium";
  request_type: "chat" | "code" | "analysis" | "creative" | "vision" | "audio";
  selected_model: string;
  selection_reason: string | null;
  success: boolean | null;
  user_preferences: Record<string, unknown>;
}

/** The model, and why. `answer` and `decision_id` where it answered: the model is then the one that did. */
export interface Resolved {
  answer?: Said | null;
  confidence: number;
  decision_id?: string | null;
  estimated_cost: string | null;
  estimated_latency_ms: number;
  fallbacks: Choice[];
  id: string;
  model: string;
  provider: string;
  reason: string;
  task_type: "chat" | "code" | "analysis" | "creative" | "vision" | "audio";
}

/** A prompt, or messages. `execute`: answer, too. */
export interface ResolveRequest {
  execute?: boolean;
  max_tokens?: number | null;
  messages?: AskedMessage[] | null;
  preferences?: Preferences;
  prompt?: string | null;
}

/** A memory that was found; of a `group`, or the caller's own. `score` ranks within one answer; `similarity` is the cosine, null without a vector. */
export interface Result {
  group?: InGroup | null;
  memory: Memory;
  score: number;
  similarity: number | null;
  tokens: number;
  why: Reason[];
}

/** Go on: after a pause, or from `partial` or `failed`, with more budget where it is given. */
export interface Resume {
  budget?: ReasoningBudget_Input | null;
  kind?: "resume";
}

/** Another answer, perhaps of another model. */
export interface Retry {
  model?: string | null;
}

/** Solve a node anew, and what rests on it; by another model where one is named. A session that ended goes on. */
export interface RetryNode {
  kind?: "retry";
  model?: string | null;
  node_id: string;
}

/** To be shown a value. */
export interface RevealAsked {
  reason: string;
  /** The approved request, where the vault takes a second person. */
  request_id?: string | null;
  /** The current one unless given. */
  version?: number | null;
}

/** A value, shown. One of `value`, `value_base64`, `fields`. */
export interface Revealed {
  fields?: Record<string, unknown> | null;
  value?: string | null;
  value_base64?: string | null;
  version: number;
}

/** Somebody wants to be shown a value, where that takes two; or, without a credential, that it take one alone. */
export interface RevealRequest {
  created_at: string;
  credential_id: string | null;
  credential_name: string | null;
  decided_at: string | null;
  decided_by: string | null;
  expires_at: string;
  id: string;
  reason: string;
  requested_by: string;
  requested_by_email: string;
  state: "pending" | "approved" | "refused" | "used" | "expired";
  vault_id: string;
  vault_name: string;
}

/** To which version; the one before unless given. */
export interface RollBack {
  version?: number | null;
}

/** A room as the caller sees it. */
export interface Room {
  access: "invited" | "tenant";
  /** the canvas that is worked on in it */
  canvas_id?: string | null;
  created_at: string;
  created_by: string | null;
  id: string;
  is_active: boolean;
  max_participants: number;
  online: number;
  participants: number;
  /** the caller's */
  role: "owner" | "editor" | "commenter" | "viewer";
  room_name: string;
  room_type: string;
  updated_at: string;
}

/** What somebody did in a room. */
export interface RoomAction {
  action_data: Record<string, unknown> | null;
  action_type: string;
  created_at: string;
  display_name: string | null;
  id: string;
  user_id: string | null;
}

/** What to change of a room; what is left out stays. */
export interface RoomChange {
  access?: "invited" | "tenant" | null;
  /** false closes the room: it is read, not written */
  is_active?: boolean | null;
  max_participants?: number | null;
  room_name?: string | null;
}

/** What somebody said about the document. */
export interface RoomComment {
  anchor: CommentAnchor | null;
  answers?: RoomComment[];
  body: string;
  created_at: string;
  display_name: string | null;
  id: string;
  mentions: string[];
  parent_id: string | null;
  resolved_at: string | null;
  resolved_by: string | null;
  room_id: string;
  updated_at: string;
  user_id: string | null;
}

/** What to change of a comment. */
export interface RoomCommentChange {
  body?: string | null;
  mentions?: string[] | null;
  resolved?: boolean | null;
}

/** What is different between two points. */
export interface RoomComparison {
  after: number;
  before: number;
  changes: RoomTextChange[];
}

/** What a document says, or said. */
export interface RoomContents {
  seq: number;
  texts: RoomText[];
}

/** Where the caller is in the document; null for nowhere. */
export interface RoomCursor {
  cursor_position: Record<string, unknown> | null;
}

/** A link into a room. `url` is told once, when it is made. */
export interface RoomInvitation {
  created_at: string;
  created_by: string | null;
  expires_at: string;
  id: string;
  role: "editor" | "commenter" | "viewer";
  url?: string | null;
  uses: number;
}

/** What a link ends in. */
export interface RoomLink {
  token: string;
}

/** A comment that names the caller, and where. */
export interface RoomMention {
  canvas_id: string | null;
  comment: RoomComment;
  room_id: string;
  room_name: string;
}

/** A person in a room. */
export interface RoomParticipant {
  color: string;
  cursor_position: Record<string, unknown> | null;
  display_name: string;
  email: string;
  is_online: boolean;
  joined_at: string;
  last_seen: string | null;
  role: "owner" | "editor" | "commenter" | "viewer";
  user_id: string;
}

/** Who enters with a ticket, as others see them. */
export interface RoomPerson {
  color: string;
  id: string;
  name: string;
}

/** The point to go back to: a version, or a number of the log. The way back is an edit, so nothing is lost. */
export interface RoomRestoring {
  seq?: number | null;
  version_id?: string | null;
}

/** The role that somebody gets. */
export interface RoomRoleChange {
  role: "owner" | "editor" | "commenter" | "viewer";
}

/** Updates of one author that followed each other; `last_seq` is a point to look at, compare and go back to. */
export interface RoomStretch {
  began_at: string;
  display_name: string | null;
  ended_at: string;
  first_seq: number;
  last_seq: number;
  /** wrote it for the person */
  model: string | null;
  updates: number;
  user_id: string | null;
}

/** One text of a document. `path`: `content`, or `artifacts/{id}`. */
export interface RoomText {
  path: string;
  text: string;
  title?: string | null;
}

/** How one text differs; of what did not change three lines around a change are shown. */
export interface RoomTextChange {
  hunks: LineHunk[];
  kind: "added" | "removed" | "changed";
  path: string;
  title: string | null;
}

/** Lets one connection in. Good for a minute; a connection that is in stays in. */
export interface RoomTicket {
  expires_at: string;
  role: "owner" | "editor" | "commenter" | "viewer";
  ticket: string;
  user: RoomPerson;
}

/** A point that is kept. Without a name: kept before something was restored. */
export interface RoomVersion {
  created_at: string;
  created_by: string | null;
  display_name: string | null;
  id: string;
  name: string;
  seq: number;
}

/** A name for the document as it is now. */
export interface RoomVersionName {
  name: string;
}

/** A rotation to be started. */
export interface RotateAsked {
  /** Where the user has two keys: the other one, to be deleted first to make room. */
  replace_key_id?: string | null;
}

/** A rotation, under way or over. */
export interface Rotation {
  attempts: number;
  cause: "schedule" | "person";
  credential_id: string;
  error: string | null;
  finished_at: string | null;
  former_version: number | null;
  id: string;
  requested_by: string | null;
  /** When the former value is taken out of use. */
  retire_at: string | null;
  retired_at: string | null;
  started_at: string;
  state: "queued" | "proposed" | "applied" | "verified" | "current" | "failed";
  /** When each state was reached. */
  steps: Record<string, string>;
  /** The new version. */
  version: number | null;
}

/** How a credential is rotated. */
export interface RotationPlan {
  /** Rotations that failed since the last that did not. */
  failures: number;
  grace_seconds: number;
  next_rotation_at: string | null;
  rotator: string | null;
  /** What can rotate a credential of its type. */
  rotators: RotatorFacts[];
  schedule: string | null;
  settings: Record<string, unknown>;
}

/** A way to rotate it. */
export interface RotatorFacts {
  name: string;
  /** Settings that hold the id of another credential. */
  related: string[];
}

/** `explain`: with every term of every candidate's score. */
export interface RouteRequest {
  capabilities?: ("text" | "vision" | "tools" | "json_schema" | "reasoning" | "embedding" | "audio" | "documents")[];
  conversation?: string;
  explain?: boolean;
  input_token_estimate?: number | null;
  max_cost?: number | string | null;
  max_latency_ms?: number | null;
  max_output_tokens?: number;
  preferred_provider?: string | null;
  prompt?: string | null;
  quality_level?: "economy" | "balanced" | "premium";
  requires_audio?: boolean;
  requires_vision?: boolean;
  task_type?: "chat" | "code" | "analysis" | "creative" | "vision" | "audio" | null;
}

/** Which model a request would go to, and why; nothing is called. `candidates`, `left_out` and `weights` where they were asked for. */
export interface RouteResult {
  candidates?: CandidateInfo[] | null;
  chosen_by: "rule" | "score" | "conversation" | "exploration" | "fallback" | "named" | "merge";
  confidence: number;
  estimated_cost: string | null;
  estimated_latency_ms: number;
  fallbacks: Choice[];
  input_tokens: number;
  language: string;
  left_out?: LeftOut[] | null;
  model: string;
  provider: string;
  quality_level: "economy" | "balanced" | "premium";
  reason: string;
  rule: RuleRef | null;
  task_confidence: number;
  task_type: "chat" | "code" | "analysis" | "creative" | "vision" | "audio";
  weights?: Terms | null;
}

/** A rule as it stands. */
export interface Rule {
  conditions: Conditions_Output;
  created_at: string;
  fallback_models: string[];
  id: string;
  is_active: boolean;
  name: string;
  priority: number;
  scope: "workspace" | "platform";
  target_model: string;
  updated_at: string;
}

/** What a rule said to it. `unmet`: the first of its conditions that does not hold; `why`: its conditions hold, and none of its models can take the request. */
export interface RuleAsked {
  holds: boolean;
  id: string | null;
  name: string;
  scope: "workspace" | "platform";
  unmet: string | null;
  why: string | null;
}

/** Every rule of the scope, once, in the order in which they are to be asked. */
export interface RuleOrder {
  rules: string[];
  scope?: "workspace" | "platform";
}

/** Which rule. */
export interface RuleRef {
  id: string | null;
  name: string;
  scope: "workspace" | "platform";
}

/** What a rule says: where its conditions hold, `target_model` answers, and where that cannot, the others. */
export interface RuleSettings {
  conditions?: Conditions_Input;
  fallback_models?: string[];
  is_active?: boolean;
  name: string;
  priority?: number | null;
  target_model: string;
}

/** A request that rules are asked about. `rule`: one that is not saved yet, asked among the others by its priority; with `replaces` in place of a saved one. */
export interface RuleTest {
  at?: string | null;
  capabilities?: ("text" | "vision" | "tools" | "json_schema" | "reasoning" | "embedding" | "audio" | "documents")[];
  conversation?: string;
  input_token_estimate?: number | null;
  max_cost?: number | string | null;
  max_latency_ms?: number | null;
  max_output_tokens?: number;
  preferred_provider?: string | null;
  prompt?: string | null;
  quality_level?: "economy" | "balanced" | "premium";
  replaces?: string | null;
  requires_audio?: boolean;
  requires_vision?: boolean;
  rule?: RuleSettings | null;
  scope?: "workspace" | "platform";
  task_type?: "chat" | "code" | "analysis" | "creative" | "vision" | "audio" | null;
}

/** Which rule decides, the rules that were asked before it and itself, and what would be chosen in the end. */
export interface RuleTested {
  asked: RuleAsked[];
  matched: RuleRef | null;
  result: RouteResult;
}

/** The answer, and what it came to. */
export interface Said {
  cost: string;
  input_tokens: number;
  latency_ms: number;
  output_tokens: number;
  stop_reason: string | null;
  text: string;
}

/** A message to be learnt from. Only what the person says teaches; the rest is read for what it answers. */
export interface SaidMessage {
  at?: string | null;
  content: string;
  id?: string | null;
  role: "system" | "user" | "assistant" | "tool";
}

/** What the settings page shows; `token` is null before one is made. */
export interface ScimState {
  base_url: string;
  token: ScimToken | null;
}

/** The workspace's token, without its secret. */
export interface ScimToken {
  created_at: string;
  last_used_at: string | null;
  prefix: string;
}

/** How good, from 0 to 1. */
export interface Score {
  comment?: string | null;
  decision_id: string;
  kind: "score";
  score: number;
}

/** What the caller has; `required`: the workspace asks for one of them. */
export interface SecondFactorOverview {
  passkeys: number;
  recovery_codes_left: number;
  required: boolean;
  totp: boolean;
}

/** Whether everybody who signs in by password needs a second factor. */
export interface SecondFactorPolicy {
  required: boolean;
}

/** The challenge of the first step, and a one-time or recovery code. */
export interface SecondStep {
  challenge: string;
  code: string;
}

/** Which secrets there are. */
export interface SecretsAsked {
  /** The credential of type aws by which Amazon is asked; left out, this installation's own identity, which the operator alone may use. */
  access_credential_id?: string | null;
  after?: string | null;
  prefix?: string;
  region: string;
  vault_id: string;
}

/** A picture that the model was shown. */
export interface SeenMoment {
  asset_id: string;
  at_ms: number;
}

/** The part of the text, as the asker saw it. `text`: what it says, by which it is found again where others typed. */
export interface Selection {
  from: number;
  text?: string | null;
  to: number;
}

/** A sentence of the result, and what it rests on. */
export interface Sentence {
  claims: number[];
  positions: number[];
  supported?: boolean;
  text: string;
}

/** Who is signed in; `csrf_token` goes back as X-CSRF-Token with every change. `must_enrol`: a second factor comes first. */
export interface Session {
  csrf_token: string;
  method: "password" | "sso" | "passkey" | "invitation";
  must_enrol?: boolean;
  tenant: Tenant;
  user: User;
}

/** What can be changed of a session. `documents`: the knowledge bases that the questions of all its panes are looked up in. */
export interface SessionChange {
  documents?: string[] | null;
  is_active?: boolean | null;
  layout?: LayoutChange | null;
  max_panes?: number | null;
  name?: string | null;
}

/** One signed-in device. */
export interface SessionInfo {
  created_at: string;
  current: boolean;
  expires_at: string;
  id: string;
  ip: string | null;
  last_seen_at: string;
  method: "password" | "sso" | "passkey" | "invitation";
  user_agent: string;
}

/** A session in the list. `models`: of its panes, in their order. */
export interface SessionSummary {
  created_at: string;
  id: string;
  is_active: boolean;
  mode: "independent" | "synchronized" | "broadcast";
  models: string[];
  name: string | null;
  type: "horizontal" | "vertical" | "grid";
  updated_at: string;
}

/** How the workspace wants models to be chosen. */
export interface Settings {
  exploration: number;
  preferred_margin: number;
  preferred_provider: string | null;
  sticky: boolean;
  weights: Terms;
}

/** Null: as the installation does. */
export interface SettingsChange {
  exploration?: number | null;
  preferred_margin?: number | null;
  preferred_provider?: string | null;
  sticky?: boolean | null;
  weights?: Terms | null;
}

/** A link by which anybody may read a chat as it was then. `url` is told once, when it is made. */
export interface Share {
  created_at: string;
  expires_at: string | null;
  id: string;
  url?: string | null;
}

/** A chat as whoever has its link reads it. */
export interface SharedChat {
  messages: SharedMessage[];
  shared_at: string;
  title: string;
}

/** A picture, which the link alone opens. */
export interface SharedImage {
  type?: "image";
  url: string;
}

/** A question or an answer. */
export interface SharedMessage {
  content: (SharedText | SharedImage)[];
  created_at: string;
  model: string | null;
  role: "user" | "assistant";
}

/** Words. */
export interface SharedText {
  text: string;
  type?: "text";
}

/** `url`: where the page goes so that the identity provider signs out too. */
export interface SignedOut {
  url: string | null;
}

/** E-mail and password; `tenant` where the password fits accounts in several. */
export interface SignIn {
  email: string;
  password: string;
  tenant?: string | null;
}

/** Another group that looks like it; `likeness` 0..1. */
export interface SimilarErrors {
  culprit: string;
  id: string;
  likeness: number;
  occurrence_count: number;
  pattern_name: string;
  status: "open" | "resolved" | "regressed" | "ignored";
}

/** How large it is. */
export interface Size {
  height: number;
  width: number;
}

/** What a memory says, so that a contradiction can be told: `attribute` of `subject` is `value`. `qualifier` narrows it (the favourite *film*); `polarity` -1 denies it; `single`: there can be but one value at a time. */
export interface Slot {
  attribute: string;
  polarity?: 1 | -1;
  qualifier?: string;
  single?: boolean;
  subject: string;
  value: string;
}

/** A preference at a moment. */
export interface Snapshot {
  confidence: number;
  value: unknown;
}

/** What an answer cites. `source`: `document:ID`, `memory:ID` or an address. */
export interface Source {
  quote: string;
  source: string;
  title: string;
}

/** Where in its message a memory was found, in characters. */
export interface Span_Input {
  end: number;
  start: number;
}

/** What calls cost, by the ledger: exact. */
export interface Spend {
  calls: number;
  items: Spent[];
  month: Month;
  total: string;
}

/** What calls of one model, person, provider or key cost. */
export interface Spent {
  calls: number;
  cost: string;
  group: string | null;
  name: string | null;
}

/** A tenant's identity provider. `client_secret`: null keeps the stored one, "" is a public client. `group_roles`: group there -> role here, looked at anew at each sign-in. `required`: others than owners sign in by it alone. */
export interface SsoChange {
  allowed_domains?: string[];
  client_id: string;
  client_secret?: string | null;
  creates_people?: boolean;
  default_role?: "viewer" | "member" | "admin";
  extra_scopes?: string;
  group_roles?: Record<string, "viewer" | "member" | "admin">;
  groups_claim?: string;
  is_active?: boolean;
  issuer: string;
  required?: boolean;
}

/** The identity provider in force, without its secret; `redirect_uri` is what to enter there. */
export interface SsoSettings {
  allowed_domains: string[];
  client_id: string;
  creates_people: boolean;
  default_role: "viewer" | "member" | "admin";
  extra_scopes: string;
  group_roles: Record<string, "viewer" | "member" | "admin">;
  groups_claim: string;
  has_secret: boolean;
  is_active: boolean;
  issuer: string;
  redirect_uri: string;
  required: boolean;
  updated_at: string;
}

/** What the settings page shows; `connection` is null before one is made. */
export interface SsoState {
  connection: SsoSettings | null;
  redirect_uri: string;
}

/** A workspace that one may sign in to by its identity provider. */
export interface SsoWorkspace {
  name: string;
  required: boolean;
  slug: string;
}

/** A pane that answers. */
export interface Started {
  assistant_message: Message;
  chat_id: string;
  pane_id: string;
  run_id: string;
  user_message: Message;
}

/** One step, as thinktank_steps keeps it. `confidence`: by what verified it; `self_confidence`: what the model said of itself, which counts for nothing; `verifier`: what confirmed it. */
export interface Step {
  attempt: number;
  confidence: number | null;
  cost: string;
  created_at: string;
  description: string;
  duration_ms: number;
  error: string | null;
  evidence: ReasoningEvidence[];
  id: string;
  input_tokens: number;
  model_used: string | null;
  node_id: string | null;
  output_tokens: number;
  reasoning: string | null;
  result: string | null;
  self_confidence: number | null;
  step_number: number;
  step_type: "decompose" | "reason" | "execute" | "verify" | "synthesize";
  tokens_used: number;
  tool_calls: ToolCall[];
  verdict: "confirmed" | "refuted" | "inconclusive" | null;
  verifier: string | null;
}

/** Which panes are to stop; left out, all. */
export interface Stop {
  pane_ids?: string[] | null;
}

/** The panes that were writing. */
export interface Stopped {
  stopped: string[];
}

/** A store of the caller's. `former_model`: what some of its vectors are of still, while new ones are made. */
export interface Store {
  created_at: string;
  embedding_model: string;
  former_model: string | null;
  id: string;
  last_accessed: string | null;
  store_name: string;
  total_memories: number;
}

/** What events of a time add up to. Counts, tokens and cost are exact, percentiles within 1 %; `unique_users` is exact up to 4,096 and then within 1 %. Latencies in milliseconds; null: nothing was timed. */
export interface Sums {
  avg_latency_ms: number | null;
  error_count: number;
  input_tokens: number;
  output_tokens: number;
  p50_latency_ms: number | null;
  p95_latency_ms: number | null;
  p99_latency_ms: number | null;
  total_cost: string;
  total_requests: number;
  total_tokens: number;
  unique_users: number;
}

/** How panes go together. `shared_context`: a text that every pane's model is given before its own system prompt; `cursor`: the last turn whose answer became common, 0 for none. */
export interface Sync {
  cursor: number;
  mode: "independent" | "synchronized" | "broadcast";
  shared_context: string | null;
}

/** How panes are to go together from now on. `shared_context`: left out, it stays; null or "": there is none. */
export interface SyncChange {
  mode: "independent" | "synchronized" | "broadcast";
  shared_context?: string | null;
}

/** What was said. */
export interface Synthesis {
  /** its sound, as a file of the caller's */
  asset_id: string | null;
  character_count: number;
  cost: string;
  created_at: string;
  duration_ms: number;
  id: string;
  input_text: string;
  media_type: string | null;
  model: string | null;
  provider: string | null;
  session_id: string;
  voice_id: string;
}

/** What a new canvas of that type begins with. */
export interface Template {
  artifacts: NewArtifact[];
  canvas_type: "general" | "document" | "code" | "diagram" | "dashboard" | "research" | "presentation";
  description: string;
  name: string;
}

/** A workspace. */
export interface Tenant {
  created_at: string;
  id: string;
  name: string;
  plan: "free" | "standard" | "enterprise";
  slug: string;
  status: "active" | "suspended";
}

/** What an admin may change. */
export interface TenantChange {
  name?: string | null;
}

/** A workspace to be made, with its first owner. */
export interface TenantOrder {
  name: string;
  owner_email: string;
  plan?: "free" | "standard" | "enterprise";
  slug: string;
}

/** One figure for each of the four terms. */
export interface Terms {
  cost: number;
  latency: number;
  quality: number;
  reliability: number;
}

/** Words. */
export interface TextContent {
  text: string;
  type: "text";
}

/** Good or not. */
export interface Thumbs {
  comment?: string | null;
  decision_id: string;
  kind?: "thumbs";
  up: boolean;
}

/** Hours of days where somebody lives: from `start` until just before `end`. An end before the start lies on the next day. `zone`: a name of the IANA database. */
export interface TimeWindow_Input {
  days?: ("mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun")[];
  end?: string;
  start?: string;
  zone?: string;
}

/** Hours of days where somebody lives: from `start` until just before `end`. An end before the start lies on the next day. `zone`: a name of the IANA database. */
export interface TimeWindow_Output {
  days?: ("mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun")[];
  end?: string;
  start?: string;
  zone?: string;
}

/** Of max_tokens. */
export interface TokensBound {
  default?: number | null;
  maximum?: number | null;
  over?: "clamp" | "refuse";
}

/** A call of a tool. `error`: why it has no result. */
export interface ToolCall {
  arguments: Record<string, unknown>;
  call_id: string;
  citations: Source[];
  duration_ms: number;
  error: string | null;
  text: string;
  tool: string;
}

/** Where a part of a result comes from. */
export interface ToolCitation {
  quote: string;
  source: string;
  title: string;
}

/** Names of the programs that the operator lists, and hosts that the operator lets tools reach inside. */
export interface ToolCommands {
  commands: string[];
  inner_hosts: string[];
}

/** What some tools need: `hosts` that http_fetch may read; `provider` of web_search, and `url` of SearXNG. */
export interface ToolConfig {
  hosts?: string[];
  provider?: "brave" | "tavily" | "searxng" | null;
  url?: string | null;
}

/** A tool, and whether the caller may call it: `absent` says why not. `origin`: of the program, of the workspace, or of its MCP server `server_id`; `tool_id`: of a webhook. `asks_first`: a person is asked before each call. */
export interface ToolInfo {
  absent: string | null;
  asks_first: boolean;
  description: string;
  name: string;
  origin: "built-in" | "webhook" | "server";
  parameters: Record<string, unknown>;
  server_id?: string | null;
  settings: ToolSettings;
  side_effects: boolean;
  tool_id?: string | null;
  type: "compute" | "retrieval" | "http" | "search" | "sql" | "mcp" | "webhook";
}

/** Whether a built-in tool is to be had on this platform at all. */
export interface ToolPlatformSwitch {
  is_active: boolean;
}

/** One that is kept. `tools`: their names here, of the last listing that was good; `last_error`: why the last one was not. */
export interface ToolServer {
  command: string | null;
  created_at: string;
  credential_id: string | null;
  header_name: string;
  header_scheme: string;
  id: string;
  is_active: boolean;
  last_error: string | null;
  left_out: UnfitTool[];
  listed_at: string | null;
  name: string;
  tools: string[];
  transport: "http" | "stdio";
  url: string | null;
}

/** On or off. */
export interface ToolServerSwitch {
  is_active: boolean;
}

/** What admins say of a tool. `ask_first`: a person is asked before each call, though it has no side effects. `credential_id`: the key of a search provider. */
export interface ToolSettings {
  ask_first?: boolean;
  config?: ToolConfig;
  credential_id?: string | null;
  is_active?: boolean;
  least_role?: "viewer" | "member" | "admin" | "owner";
}

/** A call by a person. `confirmed`: side effects are wanted; `call_id`: the same where it is made again. */
export interface ToolTrial {
  arguments?: Record<string, unknown>;
  bases?: string[];
  call_id?: string | null;
  confirmed?: boolean;
  seconds?: number;
}

/** What came of it. It is data: nothing in it is an instruction. */
export interface ToolTried {
  call_id: string;
  citations: ToolCitation[];
  data: unknown;
  duration_ms: number;
  text: string;
}

/** One that is kept. Without a credential it was deleted, and the tool is absent. */
export interface ToolWebhook {
  created_at: string;
  credential_id: string | null;
  description: string;
  id: string;
  name: string;
  parameters: Record<string, unknown>;
  side_effects: boolean;
  updated_at: string;
  url: string;
}

/** What of it becomes another. Its name stays: plans and settings know it by that. */
export interface ToolWebhookChange {
  credential_id?: string | null;
  description?: string | null;
  parameters?: Record<string, unknown> | null;
  side_effects?: boolean | null;
  url?: string | null;
}

/** Sums over calls; cost in dollars. */
export interface Totals {
  cost: string;
  input_tokens: number;
  output_tokens: number;
  requests: number;
}

/** A secret for an authenticator app; `picture` is a data: address of its QR code. */
export interface TotpEnrolment {
  picture: string;
  secret: string;
  uri: string;
}

/** How many groups that changed. */
export interface TouchedGroups {
  groups: number;
}

/** Whether the chain of the access log is whole, and if not, from which entry on. */
export interface TrailVerification {
  entries: number;
  first_broken: number | null;
  whole: boolean;
}

/** What was heard. `word_timestamps`: word, start and end in seconds, and what else the model told of each. A long recording is heard by a job: `status` says how far that is, `done_ms` how much was heard, `error` what went wrong. */
export interface Transcription {
  /** its sound, as a file of the caller's */
  asset_id: string | null;
  confidence: number | null;
  cost: string;
  created_at: string;
  done_ms?: number;
  duration_ms: number;
  error?: Record<string, unknown> | null;
  id: string;
  language: string | null;
  media_type: string | null;
  model: string | null;
  name: string;
  provider: string | null;
  session_id: string;
  status?: "queued" | "working" | "done" | "failed" | "cancelled";
  transcription: string;
  video_id?: string | null;
  word_timestamps: Record<string, unknown>[];
}

/** A turn that started: its run, the question and the answer to come. */
export interface Turn {
  assistant_message: Message;
  run_id: string;
  user_message: Message;
}

/** One field of a type. */
export interface TypeField {
  /** Whether a bare `value` fills it. */
  main: boolean;
  name: string;
  required: boolean;
}

/** A tool of a server that cannot be offered. */
export interface UnfitTool {
  name: string;
  why: string;
}

/** How a key and a model do, as this process sees it. `resting`: seconds until it is asked again. */
export interface UpstreamInfo {
  calls: number;
  failures: number;
  last_error: string;
  model: string;
  name: string;
  provider: string;
  requests_left: number | null;
  resting: number;
  running: number;
  source: "workspace" | "platform" | "environment";
  state: "closed" | "open" | "half-open";
  tokens_left: number | null;
}

/** What was used in the last days. */
export interface UsageSummary {
  by_day: ByDay[];
  by_model: ByModel[];
  total: Totals;
}

/** What uses a credential by reference. */
export interface Use {
  id: string;
  /** What it is: provider-connection, … */
  kind: string;
  name: string;
}

/** A person in a tenant. */
export interface User {
  created_at: string;
  email: string;
  id: string;
  is_operator: boolean;
  kind?: "person" | "service";
  last_seen_at: string | null;
  must_change_password: boolean;
  name: string;
  preferences: Record<string, unknown>;
  role: "owner" | "admin" | "member" | "viewer";
  status: "active" | "disabled";
}

/** What an admin may change. */
export interface UserChange {
  name?: string | null;
  role?: "owner" | "admin" | "member" | "viewer" | null;
  status?: "active" | "disabled" | null;
}

/** Whose keys to ask about: of a credential of type aws. */
export interface ValidateAsked {
  credential_id: string;
  region?: string;
}

/** Who AWS says that the keys are. */
export interface ValidatedCredentials {
  account_id: string;
  arn: string;
  /** Whether that is the registered identity; null where none was asked of. */
  as_registered: boolean | null;
  partition: string;
  region: string;
  user_id: string;
}

export interface ValidationError {
  ctx?: Record<string, unknown>;
  input?: unknown;
  loc: (string | number)[];
  msg: string;
  type: string;
}

/** The answer is this number, exactly or within `within`. */
export interface ValueCheck {
  equals: string;
  type?: "value";
  within?: string | null;
}

/** A vault, as the caller stands to it. */
export interface Vault {
  created_at: string;
  /** How many it holds; in lists alone. */
  credentials?: number | null;
  description: string | null;
  encryption_key_arn: string;
  id: string;
  /** What the caller may do: see, use, write, members, trail, administer, reveal. */
  may: string[];
  name: string;
  recovery_days: number;
  reveal_roles: ("owner" | "manager" | "user" | "auditor")[];
  reveal_window_seconds: number;
  /** The caller's role; null: none, as an admin of the workspace. */
  role: "owner" | "manager" | "user" | "auditor" | null;
  second_person: boolean;
}

/** What to change; what is left out stays. */
export interface VaultChange {
  description?: string | null;
  name?: string | null;
  recovery_days?: number | null;
  /** An approved request of this vault's, by which `second_person` may be switched off. */
  request_id?: string | null;
  reveal_roles?: ("owner" | "manager" | "user" | "auditor")[] | null;
  reveal_window_seconds?: number | null;
  second_person?: boolean | null;
}

/** What a judge said: a model, or a program that checks answers. */
export interface Verdict {
  comment?: string | null;
  decision_id: string;
  judge: string;
  kind: "judge";
  score: number;
}

/** Whether the chain is whole, and if not, from which entry on. */
export interface Verification {
  first_broken: number | null;
  whole: boolean;
}

/** A version without its value. */
export interface Version {
  created_at: string;
  created_by: string | null;
  kek_id: string;
  retired_at: string | null;
  stage: "pending" | "current" | "previous" | "retired";
  /** Of the previous version: until when it is served. */
  valid_until: string | null;
  version: number;
}

/** A version of an artifact. `created_by`: the one person who made it; `authors`: everybody, where it was several. */
export interface VersionSummary {
  authors?: string[];
  created_at: string;
  created_by: string | null;
  created_by_name: string | null;
  length: number;
  models?: string[];
  name: string;
  version: number;
}

/** A video. Of the work on it: `status`, the `stage` that is done now or next, and `done_ms` of `duration_ms` of that stage; `error` says what went wrong, also in a try that is followed by another. `width` and `height` as it is shown. */
export interface Video {
  /** as a file of the caller's */
  asset_id: string | null;
  created_at: string;
  done_ms: number;
  duration_ms: number;
  error: Record<string, unknown> | null;
  frames: number;
  has_pictures: boolean;
  has_sound: boolean;
  height: number;
  id: string;
  media_type: string;
  name: string;
  session_id: string;
  stage: "pictures" | "sound" | "done";
  status: "queued" | "working" | "done" | "failed" | "cancelled";
  transcription_id: string | null;
  width: number;
}

/** The answer to come: it streams from /api/runs/{run_id}/events, and stands in the chat. `words`: what is said then. */
export interface VideoAnswer {
  chat_id: string;
  moments: SeenMoment[];
  turn: Turn;
  words: string;
}

/** A picture of a scene. `score`: of 0..1, how much had changed; `url` can be read until `expires_at` without signing in. */
export interface VideoFrame {
  asset_id: string | null;
  at_ms: number;
  expires_at: string;
  height: number;
  id: string;
  score: number;
  url: string;
  width: number;
}

/** A model that hears or speaks. Prices in dollars: of a minute heard, of a million characters said. */
export interface VoiceModel {
  character_price: string | null;
  display_name: string;
  id: string;
  local: boolean;
  minute_price: string | null;
  provider: string;
}

/** What the caller can use, the best first; `auto` takes them in this order. */
export interface VoiceModels {
  hear: VoiceModel[];
  speak: VoiceModel[];
}

/** A voice. `preview_url` where its provider has one. */
export interface VoiceOfModel {
  description: string;
  id: string;
  language: string | null;
  model: string;
  name: string;
  preview_url: string | null;
}

/** A session with its totals. */
export interface VoiceSession {
  chat_id: string | null;
  created_at: string;
  ended_at: string | null;
  id: string;
  input_format: string | null;
  language: string | null;
  output_format: "mp3" | "wav" | "opus" | "aac" | "flac" | "pcm" | null;
  session_type: "stt" | "tts" | "realtime" | "video";
  synthesis: number;
  title: string;
  total_cost: string;
  total_duration_ms: number;
  transcriptions: number;
  voice_id: string | null;
}

/** A turn of a spoken conversation. `question_id` and `answer_id` are messages of the session's chat; `spoken_ms` of the answer's sound were sent, `heard_ms` played. `speech_end_ms`: where the question ended in the sound of the session; the stages are counted from that moment, `cancel_ms` from the beginning of the speech that interrupted. */
export interface VoiceTurn {
  answer_id: string | null;
  cancel_ms: number | null;
  created_at: string;
  ended_at: string | null;
  first_audio_ms: number | null;
  first_sentence_ms: number | null;
  first_token_ms: number | null;
  heard_ms: number;
  id: string;
  interrupted: boolean;
  kind: "spoken" | "typed";
  number: number;
  question_id: string | null;
  session_id: string;
  speech_end_ms: number;
  spoken_ms: number;
  transcript_final_ms: number | null;
}

/** What the page offers before anybody is known. */
export interface WaysToSignIn {
  password_reset: boolean;
}

/** The same with question and answer; `response` null: none came, or it was relayed byte for byte. */
export interface WholeRequestLog {
  api_key_id: string | null;
  created_at: string;
  expires_at: string;
  failure: string | null;
  id: string;
  key_name: string | null;
  model: string;
  policy_name: string | null;
  protocol: string;
  request: LoggedRequest;
  response: LoggedResponse | null;
  snippet: string | null;
  user_email: string;
  user_id: string;
}

/** Why a passage came back. */
export interface WhyFound {
  detail: string;
  kind: "words" | "meaning" | "nearby" | "heading";
}

/** Why a document could not be read. */
export interface WhyNot {
  detail: string;
  title: string;
  type: string;
}

/** Text of a message. */
export interface Words {
  text: string;
  type?: "text";
}
