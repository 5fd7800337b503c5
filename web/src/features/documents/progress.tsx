/** How much of something is done, 0 to 1. */
export const Progress = ({ label, value }: { label: string; value: number }) => (
  <progress aria-label={label} max={1} value={value} className="h-1.5 w-full appearance-none overflow-hidden rounded-full bg-subtle accent-accent [&::-moz-progress-bar]:bg-accent [&::-webkit-progress-bar]:bg-subtle [&::-webkit-progress-value]:bg-accent [&::-webkit-progress-value]:transition-[width]" />
);
