import { useQuery } from "@tanstack/react-query";
import { allPages, api } from "@/lib/api/client";
import type { AwsIdentity, KeyRotation, KeyRotationInSteps, Page } from "@/lib/api/types";

export const identitiesKey = ["aws", "identities"] as const;

export const useIdentities = () => useQuery({ queryKey: identitiesKey, queryFn: () => allPages<AwsIdentity>("/aws-credentials/identities") });

/** A rotation, asked again every other second while something happens. */
export const useRotation = (id: string) =>
  useQuery({
    queryKey: ["aws", "rotation", id],
    queryFn: () => api.get<KeyRotationInSteps>(`/aws-credentials/rotations/${id}`),
    refetchInterval: ({ state: { data } }) => (data?.finished_at ? false : data?.stuck ? 15_000 : 2_000),
  });

export const useRotations = (identity: AwsIdentity) =>
  useQuery({
    queryKey: ["aws", "rotations", identity.id],
    queryFn: () => api.get<Page<KeyRotation>>(`/aws-credentials/identities/${identity.id}/rotations`, { query: { limit: 50 } }),
  });

export interface StoredKey {
  id: string;
  name: string;
}

interface Named {
  id: string;
  name: string;
  type?: string;
}

/** The credentials of type aws that the caller can see, each with its vault's name. */
export const useStoredKeys = () =>
  useQuery({
    queryKey: ["aws", "stored-keys"],
    queryFn: async (): Promise<StoredKey[]> => {
      const vaults = await allPages<Named>("/credentials/vaults");
      const held = await Promise.all(vaults.map((vault) => allPages<Named>(`/credentials/vaults/${vault.id}/credentials`)));
      return held.flatMap((items, at) => items.filter((item) => item.type === "aws").map((item) => ({ id: item.id, name: `${vaults[at]!.name} / ${item.name}` })));
    },
  });
