import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Confirm, DialogActions } from "@/components/ui/dialog";
import { Field, Select } from "@/components/ui/field";
import { LoadFault, TableSkeleton } from "@/components/ui/page";
import { api, messageOf } from "@/lib/api/client";
import type { Group, GroupMemory } from "@/lib/api/types";
import { groupMemoriesKey, useGroupMemories } from "@/lib/group-memories";
import { toast } from "@/lib/toast";

/** Whether a group has a memory in common, and what its members may do with it. */
export function GroupMemoryForm({ group, onClose }: { group: Group; onClose: () => void }) {
  const { data, error, refetch } = useGroupMemories();
  if (error) return <LoadFault error={error} retry={() => void refetch()} />;
  if (!data) return <TableSkeleton rows={2} />;
  return <Form group={group} before={data.find((one) => one.group_id === group.id)} onClose={onClose} />;
}

function Form({ group, before, onClose }: { group: Group; before: GroupMemory | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const [may, setMay] = useState<GroupMemory["members_may"]>(before?.members_may ?? "write");
  const [busy, setBusy] = useState(false);
  const [removing, setRemoving] = useState(false);
  const [fault, setFault] = useState("");
  const done = async (said: string) => {
    await client.invalidateQueries({ queryKey: groupMemoriesKey });
    toast(said, { kind: "success" });
    onClose();
  };
  const save = async () => {
    setBusy(true);
    try {
      await api.put(`/memory/groups/${group.id}`, { members_may: may });
      await done(before ? "It is changed." : `${group.name} has a memory now.`);
    } catch (problem) {
      setFault(messageOf(problem));
      setBusy(false);
    }
  };
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <Field label="Its members may" error={fault}>
        {(ids) => (
          <Select {...ids} value={may} onChange={(event) => setMay(event.target.value as GroupMemory["members_may"])}>
            <option value="write">look at it, add, correct and forget</option>
            <option value="read">look at it</option>
          </Select>
        )}
      </Field>
      <DialogActions>
        {before && (
          <Button variant="ghost" className="mr-auto text-danger hover:text-danger" onClick={() => setRemoving(true)}>
            Take it away
          </Button>
        )}
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy}>
          {before ? "Save" : "Give it a memory"}
        </Button>
      </DialogActions>
      <Confirm
        open={removing}
        onOpenChange={setRemoving}
        title={`Forget what ${group.name} has in common?`}
        description="All that is in its memory is forgotten for good. The group and its members stay."
        action="Forget it"
        danger
        run={async () => {
          await api.delete(`/memory/groups/${group.id}`);
          await done("It is forgotten.");
        }}
      />
    </form>
  );
}
