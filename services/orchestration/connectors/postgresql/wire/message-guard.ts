import type { MessageRules } from "./message-rules.ts";
import { skipRows } from "./skip-rows.ts";

/** Head of a message: its type, and its length, which includes the four bytes of the length itself. */
const headBytes = 5;
const nothing = Buffer.alloc(0);

/**
 * Checks the messages of a server before the client parses them, because the client trusts every length and number. Takes
 * chunks and returns the complete messages. Errors of the rules are thrown. Rows of a COPY are not buffered.
 */
export function createMessageGuard(rules: MessageRules): (chunk: Buffer) => Buffer {
  const { checkHead, checkBody } = rules;
  let rowLeft = 0;
  let held: Buffer[] = [];
  let heldBytes = 0;
  /** Bytes that must be buffered before the next check makes progress. */
  let wantedBytes = 1;

  /** Checks the message at a position. Returns the position after it, or the same one if it is incomplete. */
  function pass(chunk: Buffer, at: number): number {
    if (rowLeft > 0) {
      const passed = Math.min(rowLeft, chunk.length - at);
      rowLeft -= passed;
      return at + passed;
    }
    const { rowLengthMax } = rules;
    if (rowLengthMax !== undefined) {
      const end = skipRows(chunk, at, rowLengthMax);
      if (end > at) return end;
    }
    wantedBytes = headBytes;
    if (chunk.length - at < headBytes) return at;
    const kind = String.fromCharCode(chunk[at] ?? 0);
    const length = chunk.readUInt32BE(at + 1);
    checkHead(kind, length);
    const end = at + 1 + length;
    if (kind === "d") {
      rowLeft = end - at - headBytes;
      return at + headBytes;
    }
    wantedBytes = end - at;
    if (end > chunk.length) return at;
    checkBody(kind, chunk.subarray(at + headBytes, end));
    return end;
  }

  return (received) => {
    held.push(received);
    heldBytes += received.length;
    if (heldBytes < wantedBytes) return nothing;
    const chunk = held.length === 1 ? received : Buffer.concat(held);
    let passed = 0;
    while (passed < chunk.length) {
      const end = pass(chunk, passed);
      if (end === passed) break;
      passed = end;
    }
    held = passed === chunk.length ? [] : [chunk.subarray(passed)];
    heldBytes = chunk.length - passed;
    if (heldBytes === 0) wantedBytes = 1;
    return chunk.subarray(0, passed);
  };
}
