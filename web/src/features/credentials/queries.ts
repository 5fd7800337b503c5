import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, messageOf } from "@/lib/api/client";
import type { AccessEntry, Credential, CredentialLeak, CredentialMirror, CredentialRotation, CredentialType, CredentialUse, CredentialVersion, Page, RevealRequest, RotationPlan, Vault, VaultMember } from "@/lib/api/types";
import { toast } from "@/lib/toast";

const root = ["credentials"] as const;

/** A list that grows page by page. */
function usePages<T>(key: readonly unknown[], path: string, query: Record<string, string | boolean | null> = {}) {
  const pages = useInfiniteQuery({
    queryKey: [...root, ...key],
    queryFn: ({ pageParam }) => api.get<Page<T>>(path, { query: { ...query, cursor: pageParam, limit: 50 } }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
  });
  return { ...pages, items: pages.data?.pages.flatMap((page) => page.items) };
}

export const useVaults = () => usePages<Vault>(["vaults"], "/credentials/vaults");
export const useVault = (id: string) => useQuery({ queryKey: [...root, "vault", id], queryFn: () => api.get<Vault>(`/credentials/vaults/${id}`), enabled: id !== "" });
export const useCredentials = (vault: string, deleted: boolean) => usePages<Credential>(["list", vault, deleted], `/credentials/vaults/${vault}/credentials`, { deleted });
export const useMembers = (vault: string) => usePages<VaultMember>(["members", vault], `/credentials/vaults/${vault}/members`);
export const useRequests = () => usePages<RevealRequest>(["requests"], "/credentials/reveal-requests");
export const useLeaks = (vault: string) => usePages<CredentialLeak>(["leaks", vault], `/credentials/vaults/${vault}/leaks`);

export const useTrail = (vault: string, credential: string | null, type: string, success: string) =>
  usePages<AccessEntry>(["trail", vault, credential, type, success], "/credentials/trail", { vault_id: vault, credential_id: credential, access_type: type, success });

export const useTypes = () => useQuery({ queryKey: [...root, "types"], queryFn: async () => (await api.get<{ items: CredentialType[] }>("/credentials/types")).items, staleTime: Infinity });

export const useCredential = (id: string) => useQuery({ queryKey: [...root, "one", id], queryFn: () => api.get<Credential>(`/credentials/${id}`) });
export const useVersions = (id: string) => usePages<CredentialVersion>(["versions", id], `/credentials/${id}/versions`);
export const useUses = (id: string) => useQuery({ queryKey: [...root, "uses", id], queryFn: async () => (await api.get<{ items: CredentialUse[] }>(`/credentials/${id}/uses`)).items });
export const usePlan = (id: string) => useQuery({ queryKey: [...root, "plan", id], queryFn: () => api.get<RotationPlan>(`/credentials/${id}/rotation`) });
export const useMirrors = (id: string) => useQuery({ queryKey: [...root, "mirrors", id], queryFn: async () => (await api.get<{ items: CredentialMirror[] }>(`/credentials/${id}/mirrors`)).items });

/** The latest rotations, looked at again while one is under way. */
export const useRotations = (id: string) =>
  useQuery({
    queryKey: [...root, "rotations", id],
    queryFn: async () => (await api.get<Page<CredentialRotation>>(`/credentials/${id}/rotations`, { query: { limit: 5 } })).items,
    refetchInterval: (query) => (query.state.data?.some((rotation) => !rotation.finished_at) ? 1000 : false),
  });

/** A change: everything of the vault is read again, and what went wrong is said. */
export function useChange<T>(run: (given: T) => Promise<unknown>, said?: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: run,
    onSuccess: async () => {
      if (said) toast(said, { kind: "success" });
      await client.invalidateQueries({ queryKey: root });
    },
    onError: (fault) => toast(messageOf(fault), { kind: "error" }),
  });
}

export const useRefresh = () => {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: root });
};
