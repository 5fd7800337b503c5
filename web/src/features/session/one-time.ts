/**
 * The password of the sign-in that has just happened, in memory alone: the first thing asked after a one-time password
 * is a new one, and to type the old one again would be a nuisance. Taken once; a reload forgets it.
 */
let held = "";

export function holdPassword(password: string): void {
  held = password;
}

export function heldPassword(): string {
  return held;
}
