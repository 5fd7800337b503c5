import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Checkbox } from "@/components/ui/field";
import { Card, Section } from "@/components/ui/page";
import { api, messageOf } from "@/lib/api/client";
import type { SecondFactorOverview } from "@/lib/api/types";
import { toast } from "@/lib/toast";

const key = ["second-factor"] as const;

/** Whether everybody who signs in by password needs a second factor. */
export function SecondFactorPolicy() {
  const client = useQueryClient();
  const { data } = useQuery({ queryKey: key, queryFn: () => api.get<SecondFactorOverview>("/profile/second-factor") });
  const change = async (required: boolean) => {
    try {
      await api.put("/tenant/second-factor", { required });
      toast("Saved.", { kind: "success" });
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    }
    await client.invalidateQueries({ queryKey: key });
    await client.invalidateQueries({ queryKey: ["session"] });
  };
  return (
    <Section title="Signing in">
      <Card className="p-5">
        <Checkbox
          label="Ask everybody for a second factor"
          hint="Who signs in by password adds an app or a passkey before anything else. API keys go on working."
          checked={data?.required ?? false}
          disabled={!data}
          onChange={(event) => void change(event.target.checked)}
        />
      </Card>
    </Section>
  );
}
