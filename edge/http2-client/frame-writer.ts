import type { Socket } from "node:net";

/** Unread bytes above which no content is sent. */
const unreadBytesMax = 1024 * 1024;

/** Unread bytes above which nothing is read. Only headers and acknowledgements can reach it. */
const overfullBytes = 4 * unreadBytesMax;

/** Chunks of up to this size together are concatenated, in bytes: one write is faster than several. */
const joinedBytesMax = 64 * 1024;

/** Writes frames; those of one iteration of the event loop in one write. */
export type FrameWriter = {
  send(...chunks: Buffer[]): void;
  /** Writes at once. */
  flush(): void;
  /** Whether the server should read before more content is sent. */
  isClogged(): boolean;
  /** Whether so much is unread that no frame should be handled whose acknowledgement would add to it. */
  isOverfull(): boolean;
};

export function createFrameWriter(socket: Socket): FrameWriter {
  let chunks: Buffer[] = [];
  let bytes = 0;
  let isScheduled = false;
  const flush = () => {
    isScheduled = false;
    if (bytes === 0 || socket.writableEnded || socket.destroyed) return;
    const due = chunks;
    const dueBytes = bytes;
    chunks = [];
    bytes = 0;
    if (dueBytes <= joinedBytesMax) socket.write(Buffer.concat(due, dueBytes));
    else {
      socket.cork();
      for (const chunk of due) socket.write(chunk);
      socket.uncork();
    }
  };
  return {
    send(...added) {
      for (const chunk of added) {
        chunks.push(chunk);
        bytes += chunk.byteLength;
      }
      if (isScheduled) return;
      isScheduled = true;
      setImmediate(flush);
    },
    flush,
    isClogged: () => bytes + socket.writableLength > unreadBytesMax,
    isOverfull: () => bytes + socket.writableLength > overfullBytes,
  };
}
