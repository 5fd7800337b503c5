import { Skeleton } from "@/components/ui/parts";

export const Loading = () => (
  <div className="grid gap-2 p-2" role="status" aria-label="Loading models">
    <Skeleton className="h-8" />
    <Skeleton className="h-8" />
    <Skeleton className="h-8" />
  </div>
);
