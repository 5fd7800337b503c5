import { Activity, Bot, Boxes, Building2, FileText, ChartColumn, Fingerprint, FlaskConical, KeyRound, Lock, type LucideIcon, Plug, Route, ScrollText, ShieldCheck, TriangleAlert, UserRound, Users, UsersRound, Wallet, Wrench } from "lucide-react";
import type { Session } from "@/lib/api/types";
import { isAdmin, mayWrite } from "@/lib/session";

export interface SettingsEntry {
  path: string;
  name: string;
  icon: LucideIcon;
  group: "You" | "Workspace" | "Platform";
  may: (session: Session) => boolean;
}

const everyone = () => true;

/** The rooms of the settings, each shown to those who may use it. */
export const settingsEntries: SettingsEntry[] = [
  { path: "profile", name: "Profile", icon: UserRound, group: "You", may: everyone },
  { path: "keys", name: "API keys", icon: KeyRound, group: "You", may: mayWrite },
  { path: "playground", name: "Playground", icon: FlaskConical, group: "You", may: mayWrite },
  { path: "usage", name: "Usage", icon: ChartColumn, group: "Workspace", may: everyone },
  { path: "metrics", name: "Metrics", icon: ChartColumn, group: "Workspace", may: isAdmin },
  { path: "calls", name: "Calls", icon: Activity, group: "Workspace", may: everyone },
  { path: "budgets", name: "Budgets and limits", icon: Wallet, group: "Workspace", may: everyone },
  { path: "models", name: "Models", icon: Boxes, group: "Workspace", may: everyone },
  { path: "routing", name: "Routing", icon: Route, group: "Workspace", may: everyone },
  { path: "tools", name: "Tools", icon: Wrench, group: "Workspace", may: everyone },
  { path: "vault", name: "Vault", icon: Lock, group: "Workspace", may: everyone },
  { path: "providers", name: "Providers", icon: Plug, group: "Workspace", may: isAdmin },
  { path: "members", name: "Members", icon: Users, group: "Workspace", may: isAdmin },
  { path: "groups", name: "Groups", icon: UsersRound, group: "Workspace", may: isAdmin },
  { path: "service-accounts", name: "Service accounts", icon: Bot, group: "Workspace", may: isAdmin },
  { path: "sso", name: "Single sign-on", icon: Fingerprint, group: "Workspace", may: isAdmin },
  { path: "aws-credentials", name: "AWS", icon: KeyRound, group: "Workspace", may: isAdmin },
  { path: "logs", name: "Request log", icon: FileText, group: "Workspace", may: mayWrite },
  { path: "policies", name: "Policies", icon: ShieldCheck, group: "Workspace", may: isAdmin },
  { path: "errors", name: "Errors", icon: TriangleAlert, group: "Workspace", may: isAdmin },
  { path: "audit", name: "Audit trail", icon: ScrollText, group: "Workspace", may: isAdmin },
  { path: "tenants", name: "Workspaces", icon: Building2, group: "Platform", may: (session) => session.user.is_operator },
];
