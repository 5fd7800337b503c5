import type { KeyRotation, KeyRotationStep } from "@/lib/api/types";

type Tone = "neutral" | "good" | "warn" | "danger" | "accent";

/** Where a rotation stands, in a word or two. */
export function standing(rotation: Pick<KeyRotation, "state" | "stuck">): { text: string; tone: Tone } {
  if (rotation.stuck) return { text: "needs you", tone: "danger" };
  switch (rotation.state) {
    case "done":
      return { text: "done", tone: "good" };
    case "rolled_back":
      return { text: "undone", tone: "warn" };
    case "rolling_back":
      return { text: "being undone", tone: "warn" };
    case "switched":
      return { text: "old key in its grace", tone: "accent" };
    case "deactivated":
      return { text: "old key switched off", tone: "accent" };
    default:
      return { text: "under way", tone: "accent" };
  }
}

const steps: Record<string, [done: string, doing: string]> = {
  listed: ["Looked at the user’s keys", "Looking at the user’s keys"],
  stored: ["Made a new key and stored it in the vault", "Making a new key and storing it"],
  verified: ["AWS takes the new key", "Waiting until AWS takes the new key"],
  switched: ["Readers get the new key", "Switching readers to the new key"],
  deactivated: ["Switched the old key off", "The old key stays on while it may be in use"],
  deleted: ["Deleted the old key", "The old key is off; it is deleted later"],
  cancelled: ["Cancelled", "Cancelling"],
  failed: ["Failed, so it is undone", "Failing"],
  reactivated: ["Switched the old key on again", "Switching the old key on"],
  switched_back: ["Readers get the old key again", "Switching readers back"],
  switched_on_again: ["Somebody switched the old key on; its grace begins anew", ""],
  rolled_back: ["Deleted the new key; all is as before", "Undoing"],
  old_key_is_gone: ["The old key is gone, so the new one stays", ""],
  lost_key_deleted: ["Deleted a key whose secret was lost on the way", ""],
  replaced_key_deleted: ["Deleted the other key to make room", ""],
};

export function stepText(step: Pick<KeyRotationStep, "step" | "outcome">): string {
  const [done, doing] = steps[step.step] ?? [step.step, step.step];
  return step.outcome === "done" ? done : doing;
}

/** What is known of a step beyond its name. */
export function stepDetail(step: Pick<KeyRotationStep, "detail">): string {
  const { access_key_id, message, last_used, service, for: waitsFor } = step.detail as Record<string, unknown>;
  const parts: string[] = [];
  if (typeof access_key_id === "string") parts.push(access_key_id);
  if (typeof last_used === "string") parts.push(typeof service === "string" ? `last used ${last_used.slice(0, 16)} UTC by ${service}` : `last used: ${last_used}`);
  if (typeof waitsFor === "string") parts.push(`waiting for ${waitsFor}`);
  if (typeof message === "string") parts.push(message);
  return parts.join(" · ");
}

/** What to do about a refusal, where its own words leave a question. */
const advice: Record<string, string> = {
  "aws-access-denied": "Attach the policy from the guide to the user, or to the role that manages it, then try again.",
  "aws-keys-refused": "The key in the vault is inactive, deleted, or its secret is wrong. Store a working one, or let a role manage this user: it can make a new key.",
  "aws-wrong-user": "Register the user whose key this is, or store the right one.",
  "aws-region-disabled": "Activate STS for the region in the account settings of IAM, or choose another region.",
  "aws-throttled": "AWS is busy. It is tried again by itself.",
  "aws-away": "AWS did not answer. It is tried again by itself.",
  "aws-duration": "Ask for less, or raise the role’s maximum session duration in IAM and here.",
  "aws-operators-only": "Only the operator uses this installation’s own AWS identity.",
  "vault-role": "Ask an owner of the vault to make you a member who may use it.",
};

export const adviceFor = (slug: string): string | undefined => advice[slug];
