import { cn } from "@/lib/cn";

/** The mark: eight rays. */
export const Logo = ({ className }: { className?: string }) => (
  <svg viewBox="0 0 24 24" aria-hidden fill="none" stroke="currentColor" strokeWidth="2.2" strokeLinecap="round" className={cn("size-6 text-accent", className)}>
    <path d="M12 2.5v4.6M12 16.9v4.6M2.5 12h4.6M16.9 12h4.6M5.28 5.28l3.26 3.26M15.46 15.46l3.26 3.26M5.28 18.72l3.26-3.26M15.46 8.54l3.26-3.26" />
  </svg>
);
