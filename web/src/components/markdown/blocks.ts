/** The blocks of a text that grows: what stands before its last two blocks is not read again. */

type Split = (text: string) => string[];

/** Wraps `split`, whose blocks put together are the text. Made anew for each text that grows. */
export function growing(split: Split): Split {
  let settled: string[] = [];
  let prefix = "";
  return (text) => {
    if (!text.startsWith(prefix)) [settled, prefix] = [[], ""];
    const blocks = [...settled, ...split(text.slice(prefix.length))];
    // Words to come can change the last block, and make one of it and the one before.
    const sure = blocks.slice(0, -2);
    if (sure.length > settled.length) {
      const start = sure.join("");
      if (text.startsWith(start)) [settled, prefix] = [sure, start];
    }
    return blocks;
  };
}
