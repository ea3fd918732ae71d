import type { Socket } from "node:net";

/** What waits for the other end to read: beyond it no content is added, in bytes. */
const waitingBytesMax = 1024 * 1024;

/** Only headers and answers to the other end's questions can add up to this, in bytes. */
const overfullBytes = 4 * waitingBytesMax;

/** Pieces that are no longer than this together are copied into one, in bytes: Node writes many slower than it copies few. */
const joinedBytesMax = 64 * 1024;

/** Sends frames. Those of one turn of the event loop go together. */
export type FrameWriter = {
  send(...pieces: Buffer[]): void;
  /** Sends at once what was given so far. */
  flush(): void;
  /** Whether more waits for the other end to read than should. */
  isClogged(): boolean;
  /** Whether so much waits that no question should be heard whose answer would add to it. */
  isOverfull(): boolean;
};

export function createFrameWriter(socket: Socket): FrameWriter {
  let pieces: Buffer[] = [];
  let bytes = 0;
  let isDue = false;
  const flush = () => {
    isDue = false;
    if (bytes === 0 || socket.writableEnded || socket.destroyed) return;
    const due = pieces;
    const dueBytes = bytes;
    pieces = [];
    bytes = 0;
    if (dueBytes <= joinedBytesMax) socket.write(Buffer.concat(due, dueBytes));
    else {
      socket.cork();
      for (const piece of due) socket.write(piece);
      socket.uncork();
    }
  };
  return {
    send(...added) {
      for (const piece of added) {
        pieces.push(piece);
        bytes += piece.byteLength;
      }
      if (isDue) return;
      isDue = true;
      setImmediate(flush);
    },
    flush,
    isClogged: () => bytes + socket.writableLength > waitingBytesMax,
    isOverfull: () => bytes + socket.writableLength > overfullBytes,
  };
}
