import type { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type { Span } from "../../../lib/content/byte-range.ts";
import { objectStoreUnavailable } from "../../errors.ts";
import type { ObjectHead } from "../object-store.ts";
import { type Bucket, getRange } from "./bucket.ts";
import { hasStatus } from "./s3-errors.ts";

/** Chunks of a connection are gathered into ones of this size: each costs a message on its way to the caller. */
const chunkBytes = 256 * 1024;
/** Pause before the first new connection. It doubles with each in a row. */
const pauseMs = 100;

/**
 * Reads a range of an object in one state. Where a connection breaks, stalls or ends early, another one goes on from
 * there, `attemptsMax` in a row. Ends early if the object is gone or was replaced.
 */
export async function* readRange(
  bucket: Bucket,
  path: string,
  { sizeBytes, fingerprint: etag }: ObjectHead,
  { start, end }: Span,
): AsyncGenerator<Uint8Array, void> {
  const last = Math.min(end, sizeBytes);
  let position = start;
  for (let failures = 0; position < last; ) {
    const begun = position;
    const body = await openBody(bucket, path, { etag, start: position, end: last });
    if (!body) return;
    for await (const chunk of chunksOf(body, bucket.limits.idleMs)) {
      position += chunk.length;
      yield chunk;
    }
    if (position >= last) return;
    // A connection that has brought as much as a part was no failure.
    failures = position - begun >= bucket.limits.partBytes ? 0 : failures + 1;
    if (failures >= bucket.limits.attemptsMax) throw objectStoreUnavailable();
    await pause(pauseMs * 2 ** failures);
  }
}

/** Undefined if the object is gone or was replaced. */
async function openBody(
  bucket: Bucket,
  path: string,
  range: Span & { etag: string },
): Promise<Readable | undefined> {
  try {
    return (await getRange(bucket, path, range)).Body as Readable | undefined;
  } catch (error) {
    if (hasStatus(error, 404, 412, 416)) return undefined;
    throw error;
  }
}

/** Chunks of a body, to where its connection breaks or stalls. The consumer's own time does not count. */
async function* chunksOf(body: Readable, idleMs: number): AsyncGenerator<Uint8Array, void> {
  let isWaiting = true;
  const timer = setTimeout(() => isWaiting && body.destroy(new Error("the response stalls")), idleMs);
  let gathered: Uint8Array[] = [];
  let gatheredBytes = 0;
  const take = (): Uint8Array => {
    const chunk = gathered.length === 1 ? gathered[0] : undefined;
    const taken = chunk ?? Buffer.concat(gathered, gatheredBytes);
    gathered = [];
    gatheredBytes = 0;
    return taken;
  };
  try {
    for await (const chunk of body) {
      gathered.push(chunk);
      gatheredBytes += chunk.length;
      if (gatheredBytes >= chunkBytes) {
        isWaiting = false;
        yield take();
        isWaiting = true;
      }
      timer.refresh();
    }
  } catch {
    // The caller sees what is missing.
  } finally {
    clearTimeout(timer);
    body.destroy();
  }
  if (gatheredBytes > 0) yield take();
}
