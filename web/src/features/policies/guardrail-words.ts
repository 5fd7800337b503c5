import type { Guardrail } from "@/lib/api/types";

export const kindNames: Record<Guardrail["kind"], string> = {
  pii: "personal data",
  secrets: "secrets",
  regex: "patterns",
  size: "size",
  webhook: "webhook",
  model: "model",
};

export const kindHints: Record<Guardrail["kind"], string> = {
  pii: "E-mail, phone, accounts, cards, addresses of machines, national ids: by shape and check digit.",
  secrets: "Keys and tokens of known shapes, private keys, passwords beside their names.",
  regex: "Patterns of your own, in RE2: no backreferences, no looking around.",
  size: "Prompts or answers that are too large.",
  webhook: "Your own server says allow, deny or replace.",
  model: "A model answers your question with yes (it breaks the rule) or no.",
};

export const stageNames: Record<Guardrail["stage"], string> = { before: "prompts", after: "answers", both: "prompts and answers" };

export const actionNames: Record<Guardrail["action"], string> = {
  block: "blocks",
  redact: "redacts",
  pseudonymise: "puts placeholders",
};

export const piiNames = {
  email: "E-mail addresses",
  phone: "Phone numbers",
  iban: "Bank accounts (IBAN)",
  card: "Payment cards",
  ip: "IP addresses",
  national_id: "National ids",
} as const;
