import type { Page } from "./types";

/** The one way the page talks to the server: JSON over fetch, a CSRF header on writes, problems as errors. */

export interface FieldFault {
  field: string;
  message: string;
}

/** A refusal of the server (RFC 9457), or status 0 when it could not be reached. */
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly slug: string,
    readonly title: string,
    readonly detail: string,
    readonly body: Record<string, unknown> = {},
    readonly retryAfter: number | null = null,
  ) {
    super(detail || title);
    this.name = "ApiProblem";
  }

  get fields(): FieldFault[] {
    return Array.isArray(this.body.errors) ? (this.body.errors as FieldFault[]) : [];
  }

  get requestId(): string | null {
    return typeof this.body.request_id === "string" ? this.body.request_id : null;
  }
}

let csrf = "";
let onSignedOut: () => void = () => undefined;

export function setCsrfToken(token: string): void {
  csrf = token;
}

/** What proves to the server that this page asks. */
export const csrfHeader = (): Record<string, string> => (csrf ? { "x-csrf-token": csrf } : {});

/** `handler` is told once a request that needs a session is answered by 401. */
export function whenSignedOut(handler: () => void): void {
  onSignedOut = handler;
}

export async function problemOf(response: Response): Promise<ApiProblem> {
  let body: Record<string, unknown> = {};
  try {
    body = (await response.json()) as Record<string, unknown>;
  } catch {
    // A proxy may answer with a page of its own; the status still tells.
  }
  const type = typeof body.type === "string" ? body.type : "";
  const after = Number(response.headers.get("retry-after"));
  return new ApiProblem(
    response.status,
    type.split(/[/:#]/).pop() || String(response.status),
    typeof body.title === "string" ? body.title : `The server answered ${response.status}`,
    typeof body.detail === "string" ? body.detail : "",
    body,
    Number.isFinite(after) && after > 0 ? after : null,
  );
}

interface Options {
  body?: unknown;
  query?: Record<string, string | number | boolean | null | undefined>;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** A 401 here means wrong input, not a session that has ended. */
  anonymous?: boolean;
}

export function unreachable(): ApiProblem {
  return new ApiProblem(0, "unreachable", "No connection", "The server cannot be reached. Check the connection and try again.");
}

async function send(method: string, path: string, options: Options = {}): Promise<Response> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(options.query ?? {}))
    if (value !== null && value !== undefined && value !== "") query.set(name, String(value));
  const search = query.size ? `?${query}` : "";
  const headers: Record<string, string> = { accept: "application/json", ...options.headers };
  let body: BodyInit | undefined;
  if (options.body instanceof FormData || options.body instanceof Blob) body = options.body;
  else if (options.body !== undefined) {
    headers["content-type"] = "application/json";
    body = JSON.stringify(options.body);
  }
  if (method !== "GET") Object.assign(headers, csrfHeader());
  let response: Response;
  try {
    response = await fetch(`/api${path}${search}`, {
      method,
      headers,
      body,
      signal: options.signal ?? null,
      credentials: "same-origin",
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw unreachable();
  }
  if (response.ok) return response;
  if (response.status === 401 && !options.anonymous) onSignedOut();
  throw await problemOf(response);
}

async function json<T>(response: Promise<Response>): Promise<T> {
  const answer = await response;
  if (answer.status === 204) return undefined as T;
  const text = await answer.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

export const api = {
  get: <T>(path: string, options?: Options) => json<T>(send("GET", path, options)),
  post: <T>(path: string, body?: unknown, options?: Options) => json<T>(send("POST", path, { ...options, body })),
  put: <T>(path: string, body?: unknown, options?: Options) => json<T>(send("PUT", path, { ...options, body })),
  patch: <T>(path: string, body?: unknown, options?: Options) => json<T>(send("PATCH", path, { ...options, body })),
  delete: <T>(path: string, body?: unknown, options?: Options) => json<T>(send("DELETE", path, { ...options, body })),
  raw: send,
};

/** The server writes details as half-sentences; on the page they stand alone. Names of fields are left as they are. */
export const sentence = (text: string): string => text.replace(/^[a-z]+(?=[ ’'])/, (word) => word.charAt(0).toUpperCase() + word.slice(1));

/** What to tell a person about any error. */
export function messageOf(error: unknown): string {
  if (error instanceof ApiProblem) {
    const fields = error.fields.map((fault) => fault.message).filter(Boolean);
    return sentence(error.detail || fields.join(" ") || error.title);
  }
  return error instanceof Error ? error.message : "Something went wrong.";
}

/** Every page of a list, for choosing from. */
export async function allPages<T>(path: string): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null | undefined = "";
  do {
    const page: Page<T> = await api.get<Page<T>>(path, { query: { cursor, limit: 200 } });
    items.push(...page.items);
    cursor = page.next;
  } while (cursor);
  return items;
}
