import type { Credential, CredentialRotation, VaultRole } from "@/lib/api/types";

/** What types of credentials are called. */
export const typeNames: Record<string, string> = {
  api_key: "API key",
  oauth2: "OAuth 2 client",
  basic: "User and password",
  aws: "AWS access key",
  ssh_key: "SSH key",
  tls_cert: "TLS certificate",
  database: "Database",
  json: "JSON",
  text: "Text",
  binary: "File",
};

export const roleHints: Record<VaultRole, string> = {
  owner: "everything, and the vault’s settings",
  manager: "stores, rotates, deletes, and says who else is in",
  user: "uses by reference, and is shown nothing unless the vault says so",
  auditor: "reads the trail",
};

const fieldNames: Record<string, string> = {
  key: "Key",
  client_id: "Client id",
  client_secret: "Client secret",
  token_url: "Token address",
  refresh_token: "Refresh token",
  access_token: "Access token",
  scope: "Scope",
  username: "User",
  password: "Password",
  access_key_id: "Access key id",
  secret_access_key: "Secret access key",
  session_token: "Session token",
  region: "Region",
  private_key: "Private key",
  passphrase: "Passphrase",
  public_key: "Public key",
  certificate: "Certificate",
  chain: "Chain",
  host: "Host",
  port: "Port",
  database: "Database",
  engine: "Engine",
};

/** A field's name as people read it: "secret_access_key" is "Secret access key". */
export const fieldName = (name: string): string => fieldNames[name] ?? name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");

/** Fields that hold a file: pasted whole, or read from one. */
export const isFile = (name: string): boolean => ["private_key", "public_key", "certificate", "chain"].includes(name);

/** Fields that may be seen while they are typed. */
export const isPlain = (name: string): boolean => ["username", "client_id", "token_url", "scope", "access_key_id", "region", "host", "port", "database", "engine"].includes(name);

const day = 86_400_000;

export interface Health {
  tone: "neutral" | "good" | "warn" | "danger";
  text: string;
}

/** What is to be said first of a credential. */
export function healthOf(credential: Pick<Credential, "deleted_at" | "is_active" | "is_expired" | "expires_at" | "next_rotation_at">, now = Date.now()): Health {
  if (credential.deleted_at) return { tone: "danger", text: "deleted" };
  if (!credential.is_active) return { tone: "warn", text: "off" };
  if (credential.is_expired) return { tone: "danger", text: "expired" };
  const left = credential.expires_at ? new Date(credential.expires_at).getTime() - now : Infinity;
  if (left < 7 * day) return { tone: "warn", text: `expires in ${days(left)}` };
  if (credential.next_rotation_at && new Date(credential.next_rotation_at).getTime() < now - day / 24) return { tone: "warn", text: "rotation overdue" };
  return { tone: "good", text: "in use" };
}

const days = (ms: number): string => {
  const count = Math.max(0, Math.floor(ms / day));
  return count === 0 ? "less than a day" : count === 1 ? "a day" : `${count} days`;
};

const states: Record<CredentialRotation["state"], string> = {
  queued: "waiting for a worker",
  proposed: "a new value is stored",
  applied: "the new value is set",
  verified: "the new value works",
  current: "done",
  failed: "failed",
};

export const stateWords = (state: CredentialRotation["state"]): string => states[state];

/** The steps that a rotation goes through, in their order, for showing how far it is. */
export const steps: CredentialRotation["state"][] = ["proposed", "applied", "verified", "current"];

const accesses: Record<string, string> = {
  create_vault: "made the vault",
  change_vault: "changed the vault",
  delete_vault: "deleted the vault",
  grant: "gave a role",
  revoke: "took a role away",
  store: "stored",
  describe: "looked at",
  change: "changed",
  stage: "stored a pending version",
  rotate: "rotated",
  rollback: "rolled back",
  discard: "discarded the pending version",
  delete: "deleted",
  restore: "had back",
  purge: "destroyed",
  read: "was shown the value",
  use: "used",
  bind: "let something use it",
  request_reveal: "asked to be shown the value",
  approve_reveal: "approved showing the value",
  refuse_reveal: "refused showing the value",
  change_rotation: "said how it is rotated",
  start_rotation: "asked for a rotation",
  open_for_rotation: "opened it to rotate",
  add_mirror: "mirrored it",
  remove_mirror: "stopped mirroring it",
  push_mirror: "asked to push it again",
  mirror: "pushed it to Secrets Manager",
  leak_found: "found it where it should not be",
  acknowledge_leaks: "saw to its leaks",
  read_trail: "read the trail",
};

/** What an entry of the access log says that somebody did. */
export const accessWords = (type: string): string => accesses[type] ?? type.replaceAll("_", " ");

/** Which kinds of attempts can be asked for. */
export const accessTypes = Object.keys(accesses);
