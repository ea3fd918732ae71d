import { constants, type FileHandle, open } from "node:fs/promises";

const pieceBytes = 1024 * 1024;
/** Pieces of all copies that are copied at a time: each keeps a thread of the few that all work with files shares. */
const piecesMax = 2;

let running = 0;
const waiting: (() => void)[] = [];

/**
 * Copies a file to a new one, and throws the signal's reason when it aborts. A copy in one call would keep a thread until it is
 * through, and some large files all of them; so the copies take turns.
 */
export async function copyInPieces(from: string, to: string, signal: AbortSignal): Promise<void> {
  await using source = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW);
  await using target = await open(to, "wx", 0o600);
  const buffer = Buffer.allocUnsafeSlow(pieceBytes);
  for (let copied = pieceBytes; copied > 0; ) {
    signal.throwIfAborted();
    copied = await inTurn(() => copyPiece(source, target, buffer));
  }
}

/** Answers how many bytes; none at the end. */
async function copyPiece(source: FileHandle, target: FileHandle, buffer: Buffer): Promise<number> {
  const { bytesRead } = await source.read(buffer, 0, buffer.length);
  if (bytesRead > 0) await target.writeFile(buffer.subarray(0, bytesRead));
  return bytesRead;
}

/** Whoever waits longest is next, so that every copy goes on. */
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running < piecesMax) running += 1;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}
