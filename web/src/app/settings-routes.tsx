import { type ComponentType, lazy } from "react";
import { Redirect, useRoute } from "wouter";
import { useSession } from "@/lib/session";
import { settingsEntries } from "./settings-pages";

const pages: Record<string, ComponentType> = {
  profile: lazy(() => import("@/features/profile/profile-page")),
  keys: lazy(() => import("@/features/keys/keys-page")),
  usage: lazy(() => import("@/features/usage/usage-page")),
  metrics: lazy(() => import("@/features/metrics/metrics-page")),
  calls: lazy(() => import("@/features/calls/calls-page")),
  budgets: lazy(() => import("@/features/budgets/budgets-page")),
  playground: lazy(() => import("@/features/playground/playground-page")),
  models: lazy(() => import("@/features/models/models-page")),
  routing: lazy(() => import("@/features/routing/routing-page")),
  tools: lazy(() => import("@/features/tools/tools-page")),
  vault: lazy(() => import("@/features/credentials/vault-page")),
  providers: lazy(() => import("@/features/providers/providers-page")),
  members: lazy(() => import("@/features/members/members-page")),
  groups: lazy(() => import("@/features/groups/groups-page")),
  "service-accounts": lazy(() => import("@/features/service-accounts/service-accounts-page")),
  sso: lazy(() => import("@/features/sso/sso-page")),
  "aws-credentials": lazy(() => import("@/features/aws_credentials/aws-page")),
  logs: lazy(() => import("@/features/policies/logs-page")),
  policies: lazy(() => import("@/features/policies/policies-page")),
  errors: lazy(() => import("@/features/errors/errors-page")),
  audit: lazy(() => import("@/features/audit/audit-page")),
  tenants: lazy(() => import("@/features/tenants/tenants-page")),
};

export default function SettingsRoutes() {
  const session = useSession();
  const [, params] = useRoute("/settings/:page");
  const entry = settingsEntries.find((item) => item.path === params?.page && item.may(session));
  const Page = entry && pages[entry.path];
  if (!Page) return <Redirect to="/settings/profile" replace />;
  return <Page />;
}
