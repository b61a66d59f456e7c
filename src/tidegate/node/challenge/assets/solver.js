"use strict";
// The calculation: for each puzzle, try counters until PBKDF2 of the order begins with a number below the target.
// The browser's own PBKDF2 does the work outside this thread, so the page stays usable.
const canSolve = () => Boolean(window.isSecureContext && window.crypto && crypto.subtle && window.TextEncoder);

async function solveOrder(work, progress) {
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(work.order), "PBKDF2", false, ["deriveBits"]);
  const attempt = async (puzzle, counter) => {
    const salt = new DataView(new ArrayBuffer(8));
    salt.setUint32(0, puzzle);
    salt.setUint32(4, counter);
    const how = {name: "PBKDF2", hash: "SHA-256", salt: salt.buffer, iterations: work.rounds};
    return new DataView(await crypto.subtle.deriveBits(how, key, 256)).getUint32(0);
  };
  const lanes = Math.min(Math.max(navigator.hardwareConcurrency || 2, 2), 4);
  const counters = [];
  for (let puzzle = 0; puzzle < work.puzzles; puzzle++) {
    let next = 0, found = -1;
    const lane = async () => {
      while (found < 0) {
        const mine = next++;
        if (await attempt(puzzle, mine) < work.target && found < 0) found = mine;
      }
    };
    await Promise.all(Array.from({length: lanes}, lane));
    counters.push(found);
    progress(puzzle + 1);
  }
  return counters.join(".");
}
