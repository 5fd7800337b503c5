import { ChevronLeft } from "lucide-react";
import { Link } from "wouter";

/** The way to the page above. */
export const Back = ({ href, children }: { href: string; children: string }) => (
  <Link href={href} className="-mb-4 inline-flex items-center gap-1 justify-self-start rounded text-[13px] text-ink-2 hover:text-ink">
    <ChevronLeft aria-hidden className="size-4" />
    {children}
  </Link>
);
