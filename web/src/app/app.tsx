import { QueryClient, QueryClientProvider, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ComponentType, lazy, Suspense, useEffect } from "react";
import { Boundary } from "@/components/ui/boundary";
import { Button } from "@/components/ui/button";
import { Logo } from "@/components/ui/logo";
import { Toaster } from "@/components/ui/toaster";
import { forget } from "@/features/session/sign-out";
import { ApiProblem, messageOf, whenSignedOut } from "@/lib/api/client";
import type { Session } from "@/lib/api/types";
import { fetchSession, sessionKey } from "@/lib/session";
import { toast } from "@/lib/toast";
import { Shell } from "./shell";

const SignIn = lazy(() => import("@/features/session/sign-in"));
const AcceptInvitation = lazy(() => import("@/features/session/invitation"));
const ChoosePassword = lazy(() => import("@/features/session/password-reset"));
const SharedChat = lazy(() => import("@/features/chats/shared-page"));
const MustEnrol = lazy(() => import("@/features/session/must-enrol"));
const FirstPassword = lazy(() => import("@/features/session/first-password"));

const client = new QueryClient({
  defaultOptions: {
    queries: {
      networkMode: "always",
      retry: (count, error) => count < 2 && !(error instanceof ApiProblem && error.status >= 400 && error.status < 500),
    },
    mutations: { networkMode: "always" },
  },
});

whenSignedOut(() => {
  if (!client.getQueryData(sessionKey)) return;
  forget(client);
  toast("Your session has ended. Sign in to go on.");
});

export const App = () => (
  <QueryClientProvider client={client}>
    <Boundary>
      <Entrance />
    </Boundary>
    <Toaster />
  </QueryClientProvider>
);

/** Links from mails, and to shared chats, lead to pages of their own, whoever is signed in. */
const entrances: Record<string, ComponentType> = { invitation: AcceptInvitation, "password-reset": ChoosePassword, shared: SharedChat };

function Entrance() {
  const Page = entrances[location.pathname.split("/")[1] ?? ""];
  if (!Page) return <Gate />;
  return (
    <Suspense fallback={<Opening />}>
      <Page />
    </Suspense>
  );
}

/** Nothing of the page is shown before it is known who is there. */
function Gate() {
  const queries = useQueryClient();
  const { data, error, refetch, isFetching } = useQuery<Session | null>({
    queryKey: sessionKey,
    queryFn: async () => {
      try {
        return await fetchSession();
      } catch (fault) {
        if (fault instanceof ApiProblem && fault.status === 401) return null;
        throw fault;
      }
    },
    staleTime: 5 * 60_000,
  });

  useEffect(() => {
    // Signing out in one tab signs out the others: they ask again when they are looked at.
    const onVisible = () => document.visibilityState === "visible" && queries.getQueryData(sessionKey) && void queries.invalidateQueries({ queryKey: sessionKey });
    document.addEventListener("visibilitychange", onVisible);
    return () => document.removeEventListener("visibilitychange", onVisible);
  }, [queries]);

  if (data === undefined && error)
    return (
      <main className="grid h-full place-content-center justify-items-center gap-3 p-8 text-center">
        <Logo className="size-9" />
        <h1 className="mt-2 text-lg font-semibold">RADIANT does not answer</h1>
        <p className="max-w-sm text-sm text-ink-2">{messageOf(error)}</p>
        <Button variant="primary" className="mt-2" busy={isFetching} onClick={() => refetch()}>
          Try again
        </Button>
      </main>
    );
  if (data === undefined) return <Opening />;
  if (data && !data.user.must_change_password && !data.must_enrol) return <Shell key={data.user.id} />;
  return <Suspense fallback={<Opening />}>{!data ? <SignIn /> : data.user.must_change_password ? <FirstPassword /> : <MustEnrol />}</Suspense>;
}

const Opening = () => (
  <main className="grid h-full place-content-center" aria-busy>
    <Logo className="size-9 animate-pulse" />
    <h1 className="sr-only">RADIANT</h1>
  </main>
);
