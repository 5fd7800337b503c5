import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Download, Laptop, Monitor, Moon, Smartphone, Sun } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Input } from "@/components/ui/field";
import { Card, LoadFault, Section, SettingsPage, TableSkeleton } from "@/components/ui/page";
import { Badge, Notice } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { DeviceSession, Page, User } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { describeAgent, formatAgo, formatDate } from "@/lib/format";
import { sessionKey, storeSession, useSession } from "@/lib/session";
import { setTheme, type Theme, useTheme } from "@/lib/theme";
import { toast } from "@/lib/toast";
import { Passkeys } from "./passkeys";
import { SecondFactor } from "./second-factor";

export default function ProfilePage() {
  return (
    <SettingsPage title="Profile" description="Your name, your password, and where you are signed in.">
      <Name />
      <Appearance />
      <Password />
      <Passkeys />
      <SecondFactor />
      <Sessions />
      <Data />
    </SettingsPage>
  );
}

function Name() {
  const session = useSession();
  const client = useQueryClient();
  const [name, setName] = useState(session.user.name);
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    try {
      const user = await api.patch<User>("/profile", { name: name.trim() });
      storeSession(client, { ...session, user: { ...session.user, ...user } });
      toast("Saved.", { kind: "success" });
    } catch (error) {
      toast(messageOf(error), { kind: "error" });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Section title="You">
      <Card className="grid gap-4 p-5">
        <form
          className="flex items-end gap-3"
          onSubmit={(event) => {
            event.preventDefault();
            void save();
          }}
        >
          <Field label="Name" className="min-w-0 flex-1">
            {(ids) => <Input {...ids} maxLength={200} autoComplete="name" value={name} onChange={(event) => setName(event.target.value)} />}
          </Field>
          <Button type="submit" busy={busy} disabled={name.trim() === session.user.name}>
            Save
          </Button>
        </form>
        <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-1.5 text-sm">
          <dt className="text-ink-3">E-mail</dt>
          <dd className="truncate">{session.user.email}</dd>
          <dt className="text-ink-3">Role</dt>
          <dd>
            <span className="capitalize">{session.user.role}</span> in {session.tenant.name}
            {session.user.is_operator && (
              <Badge tone="accent" className="ml-2">
                Platform operator
              </Badge>
            )}
          </dd>
        </dl>
      </Card>
    </Section>
  );
}

const themes: [Theme, string, typeof Sun][] = [
  ["light", "Light", Sun],
  ["dark", "Dark", Moon],
  ["system", "Same as the system", Monitor],
];

function Appearance() {
  const theme = useTheme();
  return (
    <Section title="Appearance">
      <div role="radiogroup" aria-label="Theme" className="grid gap-3 sm:grid-cols-3">
        {themes.map(([value, label, Icon]) => (
          <label
            key={value}
            className={cn(
              "flex items-center gap-3 rounded-xl border bg-raised px-4 py-3 text-sm font-medium has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent",
              theme === value ? "border-accent" : "hover:bg-hover",
            )}
          >
            <input type="radio" name="theme" className="sr-only" checked={theme === value} onChange={() => setTheme(value)} />
            <Icon aria-hidden className={cn("size-4.5", theme === value ? "text-accent" : "text-ink-3")} />
            {label}
          </label>
        ))}
      </div>
    </Section>
  );
}

function Password() {
  const client = useQueryClient();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const save = async () => {
    setBusy(true);
    setError("");
    try {
      await api.put("/profile/password", { current_password: current, new_password: next });
      setCurrent("");
      setNext("");
      toast("Your password is changed; other devices are signed out.", { kind: "success" });
      await client.invalidateQueries({ queryKey: ["sessions"] });
      await client.invalidateQueries({ queryKey: sessionKey });
    } catch (fault) {
      setError(messageOf(fault));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Section title="Password" description="Changing it signs out every other device.">
      <Card className="p-5">
        <form
          className="grid items-start gap-4 sm:grid-cols-2"
          onSubmit={(event) => {
            event.preventDefault();
            void save();
          }}
        >
          {error && (
            <Notice tone="danger" className="sm:col-span-2">
              {error}
            </Notice>
          )}
          <Field label="Current password">
            {(ids) => <Input {...ids} type="password" autoComplete="current-password" required value={current} onChange={(event) => setCurrent(event.target.value)} />}
          </Field>
          <Field label="New password" hint="At least 12 characters.">
            {(ids) => <Input {...ids} type="password" autoComplete="new-password" required minLength={12} value={next} onChange={(event) => setNext(event.target.value)} />}
          </Field>
          <div>
            <Button type="submit" busy={busy} disabled={!current || next.length < 12}>
              Change password
            </Button>
          </div>
        </form>
      </Card>
    </Section>
  );
}

function Sessions() {
  const client = useQueryClient();
  const { data, error, refetch } = useQuery({ queryKey: ["sessions"], queryFn: () => api.get<Page<DeviceSession>>("/sessions") });
  const revoke = async (id: string) => {
    try {
      await api.delete(`/sessions/${id}`);
      await client.invalidateQueries({ queryKey: ["sessions"] });
      toast("That device is signed out.", { kind: "success" });
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    }
  };
  return (
    <Section title="Where you are signed in">
      {error ? (
        <LoadFault error={error} retry={refetch} />
      ) : !data ? (
        <TableSkeleton rows={2} />
      ) : (
        <Card>
          <ul className="divide-y">
            {data.items.map((device) => {
              const Icon = /iPhone|Android|Mobile/.test(device.user_agent) ? Smartphone : Laptop;
              return (
                <li key={device.id} className="flex items-center gap-4 px-5 py-3.5">
                  <Icon aria-hidden className="size-5 shrink-0 text-ink-3" strokeWidth={1.7} />
                  <div className="min-w-0 flex-1">
                    <p className="flex flex-wrap items-center gap-2 text-sm font-medium">
                      {describeAgent(device.user_agent)}
                      {device.current && <Badge tone="good">This device</Badge>}
                    </p>
                    <p className="text-[13px] text-ink-3">
                      {device.ip ? `${device.ip} · ` : ""}last seen {formatAgo(device.last_seen_at)} · since {formatDate(device.created_at)}
                    </p>
                  </div>
                  {!device.current && (
                    <Button size="sm" onClick={() => revoke(device.id)}>
                      Sign out
                    </Button>
                  )}
                </li>
              );
            })}
          </ul>
        </Card>
      )}
    </Section>
  );
}

function Data() {
  const [deleting, setDeleting] = useState(false);
  const [busy, setBusy] = useState(false);
  const download = async () => {
    setBusy(true);
    try {
      const answer = await api.raw("GET", "/profile/export");
      const url = URL.createObjectURL(await answer.blob());
      const link = document.createElement("a");
      link.href = url;
      link.download = `radiant-export-${new Date().toISOString().slice(0, 10)}.json`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
    } catch (error) {
      toast(messageOf(error), { kind: "error" });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Section title="Your data">
      <Card className="divide-y">
        <div className="flex flex-wrap items-center justify-between gap-4 px-5 py-4">
          <div>
            <p className="text-sm font-medium">Export</p>
            <p className="text-[13px] text-ink-2">Everything RADIANT holds about you, chats included, as one JSON file.</p>
          </div>
          <Button size="sm" busy={busy} onClick={download}>
            {!busy && <Download className="size-4" />}
            Download
          </Button>
        </div>
        <div className="flex flex-wrap items-center justify-between gap-4 px-5 py-4">
          <div>
            <p className="text-sm font-medium">Delete the account</p>
            <p className="text-[13px] text-ink-2">Your chats, files and keys go with it, and cannot be brought back.</p>
          </div>
          <Button size="sm" className="text-danger" onClick={() => setDeleting(true)}>
            Delete account
          </Button>
        </div>
      </Card>
      <DeleteAccount open={deleting} onOpenChange={setDeleting} />
    </Section>
  );
}

function DeleteAccount({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const [password, setPassword] = useState("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const remove = async () => {
    setBusy(true);
    setError("");
    try {
      await api.delete("/profile", { password });
      sessionStorage.clear();
      location.assign("/");
    } catch (fault) {
      setError(messageOf(fault));
      setBusy(false);
    }
  };
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="Delete your account?" description="Chats, files and API keys of yours are deleted at once and for good.">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void remove();
        }}
      >
        <Field label="Your password" error={error}>
          {(ids) => <Input {...ids} type="password" autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.target.value)} />}
        </Field>
        <DialogActions>
          <Button onClick={() => onOpenChange(false)}>Cancel</Button>
          <Button type="submit" variant="danger" busy={busy} disabled={!password}>
            Delete for good
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
