/**
 * Stands in for react-remove-scroll (vite.config.ts), which Radix uses to lock the body's scroll by writing a style
 * element. The content security policy forbids that, and the body of this page never scrolls.
 */
import type { ReactNode } from "react";

export const RemoveScroll = ({ children }: { children?: ReactNode }): ReactNode => children;
