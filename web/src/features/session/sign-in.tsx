import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Building2, ChevronRight, Eye, EyeOff } from "lucide-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, Input } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import { useTitle } from "@/components/ui/page";
import { ApiProblem, api, messageOf } from "@/lib/api/client";
import type { Session, WaysToSignIn } from "@/lib/api/types";
import { storeSession } from "@/lib/session";
import { AuthCard } from "./auth-card";
import { goToProvider, Organisation, OrganisationButton, takeSignInProblem } from "./organisation";
import { holdPassword } from "./one-time";
import { ForgottenPassword } from "./password-reset";
import { PasskeyButton } from "./passkey-button";
import { type Challenge, challengeOf, SecondStep } from "./second-step";

interface Workspace {
  slug: string;
  name: string;
}

export default function SignIn() {
  useTitle("Sign in");
  const client = useQueryClient();
  const { data: ways } = useQuery({ queryKey: ["session", "ways"], queryFn: () => api.get<WaysToSignIn>("/sign-in/ways", { anonymous: true }), staleTime: Number.POSITIVE_INFINITY });
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [shown, setShown] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(takeSignInProblem);
  const [way, setWay] = useState<"password" | "organisation" | "forgotten">("password");
  const [workspaces, setWorkspaces] = useState<Workspace[] | null>(null);
  const [challenge, setChallenge] = useState<Challenge | null>(null);
  const [lockedUntil, setLockedUntil] = useState(0);
  const left = useCountdown(lockedUntil);
  const passwordField = useRef<HTMLInputElement>(null);

  const submit = async (tenant?: string) => {
    setBusy(true);
    setError("");
    try {
      const session = await api.post<Session>("/session", { email: email.trim(), password, tenant }, { anonymous: true });
      if (session.user.must_change_password || session.must_enrol) holdPassword(password);
      storeSession(client, session);
    } catch (fault) {
      const problem = fault instanceof ApiProblem ? fault : null;
      if (challengeOf(problem)) setChallenge(challengeOf(problem));
      else if (problem?.status === 409 && Array.isArray(problem.body.tenants)) setWorkspaces(problem.body.tenants as Workspace[]);
      else if (problem?.slug === "sso-required" && typeof problem.body.tenant === "string") goToProvider(problem.body.tenant);
      else if (problem?.status === 429) setLockedUntil(Date.now() + (problem.retryAfter ?? 60) * 1000);
      else {
        setError(problem?.status === 401 ? "The e-mail address or the password is wrong." : messageOf(fault));
        setWorkspaces(null);
        passwordField.current?.focus();
        passwordField.current?.select();
      }
    } finally {
      setBusy(false);
    }
  };

  if (way === "forgotten") return <ForgottenPassword email={email} onBack={() => setWay("password")} />;
  if (way === "organisation") return <Organisation onBack={() => setWay("password")} />;
  if (challenge)
    return (
      <SecondStep
        challenge={challenge}
        onSession={(session) => session.user.must_change_password && holdPassword(password)}
        onBack={(message = "") => {
          setChallenge(null);
          setError(message);
        }}
      />
    );
  if (workspaces)
    return (
      <AuthCard title="Choose a workspace" description={`${email.trim()} has an account in each of these.`}>
        <ul className="grid gap-2">
          {workspaces.map((workspace, index) => (
            <li key={workspace.slug}>
              <Button
                className="h-auto w-full justify-start px-3.5 py-3 text-left"
                disabled={busy}
                autoFocus={index === 0}
                onClick={() => submit(workspace.slug)}
              >
                <Building2 aria-hidden className="size-4 text-ink-3" />
                <span className="min-w-0 flex-1 truncate">
                  {workspace.name}
                  <span className="ml-2 font-normal text-ink-3">{workspace.slug}</span>
                </span>
                <ChevronRight aria-hidden className="size-4 text-ink-3" />
              </Button>
            </li>
          ))}
        </ul>
        <Button variant="ghost" onClick={() => setWorkspaces(null)}>
          Back
        </Button>
      </AuthCard>
    );

  return (
    <AuthCard title="Sign in to RADIANT" description="The account comes from whoever runs this workspace.">
      <form
        className="grid gap-4"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          void submit();
        }}
      >
        {left > 0 ? (
          <Notice tone="warn">
            Too many failed tries. You can try again in <span className="font-semibold tabular-nums">{clock(left)}</span>.
          </Notice>
        ) : (
          error && <Notice tone="danger">{error}</Notice>
        )}
        <Field label="E-mail">
          {(ids) => (
            <Input {...ids} type="email" name="email" autoComplete="username" required autoFocus value={email} onChange={(event) => setEmail(event.target.value)} className="h-10" />
          )}
        </Field>
        <Field label="Password">
          {(ids) => (
            <div className="relative">
              <Input
                {...ids}
                ref={passwordField}
                type={shown ? "text" : "password"}
                name="password"
                autoComplete="current-password"
                required
                value={password}
                onChange={(event) => setPassword(event.target.value)}
                className="h-10 pr-11"
              />
              <Button
                variant="ghost"
                size="icon"
                aria-label={shown ? "Hide password" : "Show password"}
                aria-pressed={shown}
                className="absolute top-1 right-1"
                onClick={() => setShown(!shown)}
              >
                {shown ? <EyeOff className="size-4" /> : <Eye className="size-4" />}
              </Button>
            </div>
          )}
        </Field>
        <Button type="submit" variant="primary" size="lg" busy={busy} disabled={left > 0}>
          Sign in
        </Button>
        {ways?.password_reset && (
          <Button variant="link" size="bare" className="justify-self-center text-[13px]" onClick={() => setWay("forgotten")}>
            Forgotten the password?
          </Button>
        )}
      </form>
      <div className="grid gap-2 border-t pt-4">
        <PasskeyButton onError={setError} />
        <OrganisationButton onClick={() => setWay("organisation")} />
      </div>
    </AuthCard>
  );
}

const clock = (seconds: number): string => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

/** Whole seconds until `until`, counted down. */
function useCountdown(until: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (until <= Date.now()) return;
    setNow(Date.now());
    const timer = setInterval(() => {
      setNow(Date.now());
      if (Date.now() >= until) clearInterval(timer);
    }, 500);
    return () => clearInterval(timer);
  }, [until]);
  return Math.max(0, Math.ceil((until - now) / 1000));
}
