import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Snippet } from "@/components/ui/parts";

interface Props {
  shown: { email: string; password: string } | null;
  onClose: () => void;
}

export const OneTimePassword = ({ shown, onClose }: Props) => (
  <Dialog
    open={shown !== null}
    onOpenChange={onClose}
    sticky
    title="Hand over this password"
    description={`${shown?.email} signs in with it once, at ${location.origin}, and then chooses their own. It is not shown again.`}
  >
    <Snippet text={shown?.password ?? ""} label="One-time password" />
    <DialogActions>
      <Button variant="primary" onClick={onClose}>
        I have copied it
      </Button>
    </DialogActions>
  </Dialog>
);
