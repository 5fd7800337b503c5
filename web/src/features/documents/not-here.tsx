import type { LucideIcon } from "lucide-react";
import { Link } from "wouter";
import { Button } from "@/components/ui/button";
import { LoadFault, SettingsPage, TableSkeleton } from "@/components/ui/page";
import { Empty } from "@/components/ui/parts";
import { ApiProblem } from "@/lib/api/client";

export const isMissing = (error: unknown): boolean => error instanceof ApiProblem && (error.status === 404 || error.status === 422);

interface Props {
  icon: LucideIcon;
  /** What is said where there is no such thing. */
  title: string;
  error: unknown;
  retry: () => void;
}

/** In the place of what is not there, could not be read, or is on its way. */
export const NotHere = ({ icon, title, error, retry }: Props) => (
  <SettingsPage title="Documents">
    {isMissing(error) ? (
      <Empty
        icon={icon}
        title={title}
        action={
          <Button asChild variant="primary">
            <Link href="/documents">All documents</Link>
          </Button>
        }
      >
        It may have been deleted, or it belongs to someone else.
      </Empty>
    ) : error ? (
      <LoadFault error={error} retry={retry} />
    ) : (
      <TableSkeleton />
    )}
  </SettingsPage>
);
