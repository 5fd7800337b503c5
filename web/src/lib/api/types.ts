/** Shapes of the HTTP API as the page uses them. Money is a decimal string in US dollars, times are ISO 8601 UTC. */

export type Role = "owner" | "admin" | "member" | "viewer";
export type Plan = "free" | "standard" | "enterprise";

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface User {
  id: string;
  email: string;
  name: string;
  role: Role;
  is_operator: boolean;
  must_change_password: boolean;
  preferences: Preferences;
}

export interface Preferences {
  theme?: "light" | "dark" | "system";
  model?: string;
  [key: string]: unknown;
}

export interface Tenant {
  id: string;
  name: string;
  slug: string;
  plan: Plan;
}

export interface Session {
  user: User;
  tenant: Tenant;
  csrf_token: string;
}

export interface DeviceSession {
  id: string;
  ip: string | null;
  user_agent: string;
  created_at: string;
  last_seen_at: string;
  current: boolean;
}

export interface Member {
  id: string;
  email: string;
  name: string;
  role: Role;
  status: "active" | "disabled";
  is_operator: boolean;
  last_seen_at: string | null;
  created_at: string;
}

export interface InvitedMember extends Member {
  one_time_password: string;
}

export interface AuditEntry {
  id: string;
  at: string;
  actor_kind: string;
  actor_id: string | null;
  actor_email: string | null;
  action: string;
  target_kind: string;
  target_id: string;
  detail: Record<string, unknown>;
}

export interface TenantRow extends Tenant {
  status: "active" | "suspended";
  created_at?: string;
}

export type Scope = "inference" | "read" | "write" | "admin";

export interface ApiKey {
  id: string;
  name: string;
  prefix: string;
  scopes: Scope[];
  expires_at: string | null;
  last_used_at: string | null;
  revoked_at: string | null;
  created_at: string;
  user_id: string;
  user_email: string;
}

export interface NewApiKey extends ApiKey {
  secret: string;
}

export type Capability = "text" | "vision" | "tools" | "json_schema" | "reasoning" | "embedding" | (string & {});

export interface Model {
  id: string;
  display_name: string;
  provider: string;
  task: string;
  capabilities: Capability[];
  context_length: number | null;
  max_output_tokens: number | null;
  input_price: string | null;
  output_price: string | null;
  available: boolean;
  reason: string | null;
  local: boolean;
  license: string | null;
  thermal_state?: string | null;
  note?: string | null;
}

export interface Connection {
  id: string | null;
  hint: string;
  base_url: string | null;
  is_active: boolean;
  checked_at: string | null;
  check_error: string | null;
  source: "environment" | "workspace" | "platform";
}

export interface Provider {
  provider: string;
  display_name: string;
  docs_url: string | null;
  default_base_url: string | null;
  needs_key: boolean;
  /** Runs on the operator's own network; only the operator connects it. */
  local: boolean;
  connection: Connection | null;
}

export interface LocalModel {
  id: string;
  display_name: string;
  task: string;
  bytes: number;
  installed: boolean;
  license: string | null;
  thermal_state: string | null;
  memory_mb: number | null;
  note?: string | null;
}

export interface Chat {
  id: string;
  title: string;
  model: string;
  pinned: boolean;
  created_at: string;
  updated_at: string;
  snippet?: string | null;
}

export type Part = { type: "text"; text: string } | { type: "image"; asset_id: string; url: string };
export type NewPart = { type: "text"; text: string } | { type: "image"; asset_id: string };

export interface Failure {
  slug: string;
  title: string;
  detail: string;
}

export type MessageStatus = "streaming" | "complete" | "stopped" | "failed";

export interface Message {
  id: string;
  parent_id: string | null;
  role: "user" | "assistant" | "system" | "tool";
  content: Part[];
  reasoning: string;
  status: MessageStatus;
  stop_reason: string | null;
  model: string | null;
  run_id: string | null;
  input_tokens: number | null;
  output_tokens: number | null;
  cost: string | null;
  first_token_ms: number | null;
  duration_ms: number | null;
  error: Failure | null;
  created_at: string;
}

export interface ChatDetail extends Chat {
  system_prompt: string;
  leaf_message_id: string | null;
  messages: Message[];
}

export interface Turn {
  run_id: string;
  user_message: Message;
  assistant_message: Message;
}

export interface Retry {
  run_id: string;
  assistant_message: Message;
}

export interface UploadedFile {
  id: string;
  name: string;
  media_type: string;
  bytes: number;
  url: string;
}

export interface UsageRow {
  requests: number;
  input_tokens: number;
  output_tokens: number;
  cost: string;
}

export interface Usage {
  total: UsageRow;
  by_model: (UsageRow & { model: string })[];
  by_day: { day: string; requests: number; cost: string }[];
}
