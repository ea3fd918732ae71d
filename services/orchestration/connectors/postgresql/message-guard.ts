import type { MessageRules } from "./message-rules.ts";
import { skipRows } from "./skip-rows.ts";

/** A message of PostgreSQL's protocol: its kind, and its length with the four bytes of the length itself. */
const headBytes = 5;
const nothing = Buffer.alloc(0);

/**
 * Looks at what a server sends before the client does, which believes every length and number. Takes it piece by piece
 * and answers the messages that became whole; throws as the rules do. Rows of a COPY pass as they come.
 */
export function createMessageGuard(rules: MessageRules): (piece: Buffer) => Buffer {
  const { checkHead, checkBody } = rules;
  let rowLeft = 0;
  let held: Buffer[] = [];
  let heldBytes = 0;
  /** What has to be held before it is worth looking at. */
  let wantedBytes = 1;

  /** Checks what is at a place; answers the place behind it, or the same one when it is not whole. */
  function pass(piece: Buffer, at: number): number {
    if (rowLeft > 0) {
      const passed = Math.min(rowLeft, piece.length - at);
      rowLeft -= passed;
      return at + passed;
    }
    const { rowLengthMax } = rules;
    if (rowLengthMax !== undefined) {
      const end = skipRows(piece, at, rowLengthMax);
      if (end > at) return end;
    }
    wantedBytes = headBytes;
    if (piece.length - at < headBytes) return at;
    const kind = String.fromCharCode(piece[at] ?? 0);
    const length = piece.readUInt32BE(at + 1);
    checkHead(kind, length);
    const end = at + 1 + length;
    if (kind === "d") {
      rowLeft = end - at - headBytes;
      return at + headBytes;
    }
    wantedBytes = end - at;
    if (end > piece.length) return at;
    checkBody(kind, piece.subarray(at + headBytes, end));
    return end;
  }

  return (received) => {
    held.push(received);
    heldBytes += received.length;
    if (heldBytes < wantedBytes) return nothing;
    const piece = held.length === 1 ? received : Buffer.concat(held);
    let passed = 0;
    while (passed < piece.length) {
      const end = pass(piece, passed);
      if (end === passed) break;
      passed = end;
    }
    held = passed === piece.length ? [] : [piece.subarray(passed)];
    heldBytes = piece.length - passed;
    if (heldBytes === 0) wantedBytes = 1;
    return piece.subarray(0, passed);
  };
}
