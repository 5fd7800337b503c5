import { Building2 } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, Input } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import { AuthCard } from "./auth-card";

const remembered = "radiant.workspace";

/** Leaves this page for the identity provider of a workspace, which sends the browser back to where it was. */
export function goToProvider(slug: string, path = location.pathname + location.hash): void {
  try {
    localStorage.setItem(remembered, slug);
  } catch {
    // Without storage it is typed again next time.
  }
  location.assign(`/api/sso/workspaces/${encodeURIComponent(slug)}/start?${new URLSearchParams({ path })}`);
}

function lastWorkspace(): string {
  try {
    return localStorage.getItem(remembered) ?? "";
  } catch {
    return "";
  }
}

export const OrganisationButton = ({ onClick }: { onClick: () => void }) => (
  <Button size="lg" onClick={onClick}>
    <Building2 aria-hidden className="size-4" />
    Continue with single sign-on
  </Button>
);

/** Asks for the workspace, since an e-mail address does not tell which provider to believe. */
export function Organisation({ onBack }: { onBack: () => void }) {
  const [slug, setSlug] = useState(lastWorkspace);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const go = async () => {
    setBusy(true);
    setError("");
    try {
      const name = slug.trim().toLowerCase();
      await api.get(`/sso/workspaces/${encodeURIComponent(name)}`, { anonymous: true });
      goToProvider(name);
    } catch (fault) {
      setError(messageOf(fault));
      setBusy(false);
    }
  };
  return (
    <AuthCard title="Single sign-on" description="Your workspace sends you to its own sign-in.">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void go();
        }}
      >
        {error && <Notice tone="danger">{error}</Notice>}
        <Field label="Workspace" hint="Its short name, as an admin sees it under Settings, Members.">
          {(ids) => <Input {...ids} required autoFocus autoCapitalize="none" spellCheck={false} value={slug} onChange={(event) => setSlug(event.target.value)} className="h-10" />}
        </Field>
        <Button type="submit" variant="primary" size="lg" busy={busy} disabled={!slug.trim()}>
          Go on
        </Button>
        <Button variant="ghost" onClick={onBack}>
          Back
        </Button>
      </form>
    </AuthCard>
  );
}

const problems: Record<string, string> = {
  "sso-flow-broken": "That sign-in took too long, or began in another browser. Begin again.",
  "sso-not-proven": "Your organization’s answer could not be verified. An admin finds the reason in the audit trail.",
  "sso-refused": "This workspace did not let you in. An admin finds the reason in the audit trail.",
  "sso-email-not-verified": "Your organization does not confirm your e-mail address, so no account could be found.",
  "sso-unavailable": "Your organization’s sign-in does not answer. Try again in a while.",
  "plan-limit": "All seats of this workspace are taken. Ask an admin.",
  "locked-out": "Too many tries. Wait a quarter of an hour.",
  "not-found": "That workspace does not exist, or has no sign-in of its own.",
};

/** What went wrong on the way back from the provider; read once, then gone from the address. */
export function takeSignInProblem(): string {
  const query = new URLSearchParams(location.search);
  const slug = query.get("sign_in_problem");
  if (slug === null) return "";
  history.replaceState(null, "", location.pathname + location.hash);
  return problems[slug] ?? "Signing in did not work. Try again.";
}
