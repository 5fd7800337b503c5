import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { type ReactNode, useRef, useState } from "react";
import { cn } from "@/lib/cn";
import { messageOf } from "@/lib/api/client";
import { Button } from "./button";

interface Props {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  description?: ReactNode;
  children?: ReactNode;
  className?: string;
  /** Nothing but the dialog's own buttons closes it: what it shows is shown once. */
  sticky?: boolean;
}

export function Dialog({ open, onOpenChange, title, description, children, className, sticky }: Props) {
  const opener = useRef<Element | null>(null);
  const hold = (event: Event) => {
    if (sticky) event.preventDefault();
  };
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Shade />
        <Radix.Content
          onOpenAutoFocus={() => {
            opener.current = document.activeElement;
          }}
          onCloseAutoFocus={(event) => {
            // Radix gives the focus back to a trigger of its own; these dialogs are opened by anything.
            event.preventDefault();
            if (opener.current instanceof HTMLElement) opener.current.focus();
          }}
          onEscapeKeyDown={hold}
          onPointerDownOutside={hold}
          {...(description ? {} : { "aria-describedby": undefined })}
          className={cn(
            "scroll fixed top-1/2 left-1/2 z-50 grid max-h-[min(88dvh,760px)] w-[min(94vw,30rem)] -translate-1/2 animate-fade gap-4 rounded-2xl border bg-raised p-6 shadow-pop outline-none",
            className,
          )}
        >
          <div className="grid gap-1.5 pr-8">
            <Radix.Title className="text-[17px] leading-snug font-semibold tracking-tight">{title}</Radix.Title>
            {description && <Radix.Description className="text-sm text-ink-2">{description}</Radix.Description>}
          </div>
          {children}
          {!sticky && (
            <Radix.Close asChild>
              <Button variant="ghost" size="icon" aria-label="Close" className="absolute top-4 right-4">
                <X className="size-4" />
              </Button>
            </Radix.Close>
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/**
 * Not Radix's own overlay: that one writes a style element to lock the scroll, which the content security policy
 * forbids, and the body of this page never scrolls anyway.
 */
export const Shade = () => <div aria-hidden className="fixed inset-0 z-50 animate-fade bg-shade" />;

export const DialogActions = ({ children }: { children: ReactNode }) => (
  <div className="mt-2 flex flex-col-reverse gap-2 sm:flex-row sm:justify-end">{children}</div>
);

interface ConfirmProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  description: ReactNode;
  action: string;
  danger?: boolean;
  run: () => Promise<unknown>;
}

/** Asks before something that cannot be taken back; stays open, with the reason, when it fails. */
export function Confirm({ open, onOpenChange, title, description, action, danger, run }: ConfirmProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const go = async () => {
    setBusy(true);
    setError("");
    try {
      await run();
      onOpenChange(false);
    } catch (fault) {
      setError(messageOf(fault));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      open={open}
      onOpenChange={(next) => {
        setError("");
        onOpenChange(next);
      }}
      title={title}
      description={description}
    >
      {error && (
        <p role="alert" className="text-sm text-danger">
          {error}
        </p>
      )}
      <DialogActions>
        <Button onClick={() => onOpenChange(false)}>Cancel</Button>
        <Button variant={danger ? "danger" : "primary"} busy={busy} onClick={go}>
          {action}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
