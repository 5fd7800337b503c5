import type { ReactNode } from "react";
import { Logo } from "@/components/ui/logo";

interface Props {
  title: string;
  description: ReactNode;
  children: ReactNode;
}

export const AuthCard = ({ title, description, children }: Props) => (
  <main className="scroll grid h-full place-items-center bg-panel px-4 py-10">
    <div className="grid w-full max-w-100 gap-6">
      <div className="grid justify-items-center gap-2 text-center">
        <Logo className="mb-3 size-9" />
        <h1 className="text-[22px] leading-tight font-semibold tracking-tight">{title}</h1>
        <p className="text-sm text-ink-2">{description}</p>
      </div>
      <div className="grid gap-4 rounded-2xl border bg-raised p-6 shadow-[0_1px_2px_rgb(20_16_10/0.05)]">{children}</div>
    </div>
  </main>
);
