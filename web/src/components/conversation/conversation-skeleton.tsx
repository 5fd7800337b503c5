import { Skeleton } from "@/components/ui/parts";

export const ConversationSkeleton = () => (
  <div className="grid gap-6" role="status" aria-label="Loading the chat">
    <Skeleton className="h-11 w-2/5 justify-self-end rounded-2xl" />
    <div className="grid gap-3">
      <Skeleton className="h-4 w-11/12" />
      <Skeleton className="h-4 w-4/5" />
      <Skeleton className="h-4 w-3/5" />
    </div>
    <Skeleton className="h-11 w-1/3 justify-self-end rounded-2xl" />
    <div className="grid gap-3">
      <Skeleton className="h-4 w-10/12" />
      <Skeleton className="h-4 w-1/2" />
    </div>
  </div>
);
