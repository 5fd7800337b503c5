import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Input } from "@/components/ui/field";
import { useCanvasRoom } from "./context";
import { type Artifact, type Box, FAR, LEAST, MOST, place, titleOf } from "./model";

const FIELDS = [
  ["x", "From the left", -FAR, FAR],
  ["y", "From the top", -FAR, FAR],
  ["width", "Width", LEAST.width, MOST],
  ["height", "Height", LEAST.height, MOST],
] as const;

/** Where an artifact is and how large, in numbers: for whoever does not drag. */
export function PlaceDialog({ artifact, onClose }: { artifact: Artifact; onClose: () => void }) {
  const { doc, undo } = useCanvasRoom();
  const [box, setBox] = useState<Record<keyof Box, string>>(() => ({
    x: String(Math.round(artifact.x)),
    y: String(Math.round(artifact.y)),
    width: String(Math.round(artifact.width)),
    height: String(Math.round(artifact.height)),
  }));
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={`Place and size of ${titleOf(artifact)}`}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          undo.stopCapturing();
          place(doc, new Map([[artifact.id, { x: Number(box.x), y: Number(box.y), width: Number(box.width), height: Number(box.height) }]]));
          undo.stopCapturing();
          onClose();
        }}
      >
        <div className="grid grid-cols-2 gap-3">
          {FIELDS.map(([name, label, min, max]) => (
            <Field key={name} label={label}>
              {(field) => <Input {...field} type="number" required step={1} min={min} max={max} value={box[name]} onChange={(event) => setBox({ ...box, [name]: event.target.value })} />}
            </Field>
          ))}
        </div>
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary">
            Apply
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
