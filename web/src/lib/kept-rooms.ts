/** Documents of rooms that this browser keeps for a person, so that what was written offline outlives the page. */

const PREFIX = "radiant.room";

export const keptName = (person: string, room: string): string => `${PREFIX}.${person}.${room}`;

const gone = (name: string) =>
  new Promise<void>((done) => {
    const asked = indexedDB.deleteDatabase(name);
    // Open in another tab, it goes when that lets go of it.
    asked.onsuccess = asked.onerror = asked.onblocked = () => done();
  });

/** Leaves none of them behind, of anybody. */
export async function forgetKeptRooms(): Promise<void> {
  try {
    const there = await indexedDB.databases();
    await Promise.all(there.map(({ name }) => (name?.startsWith(`${PREFIX}.`) ? gone(name) : undefined)));
  } catch {
    // Where nothing can be kept, nothing was.
  }
}
