import type { Role } from "@/lib/api/types";

export const roles: { role: Role; name: string; hint: string }[] = [
  { role: "viewer", name: "Viewer", hint: "Reads; asks no model." },
  { role: "member", name: "Member", hint: "Chats and makes keys." },
  { role: "admin", name: "Admin", hint: "Manages members, providers and keys besides." },
  { role: "owner", name: "Owner", hint: "May do everything in the workspace." },
];
