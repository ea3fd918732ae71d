import type { BlobFolder, StoredBlob } from "../../blobs/blob-folder.ts";
import type { Engine } from "../../engine/engine.ts";
import { openPipes } from "../../engine/pipes/pipes.ts";
import { executionTooLarge } from "../../errors.ts";
import type { Fetched } from "./fetched.ts";

/** Has another process write bytes to a named pipe. */
type Send = (outputPath: string, signal: AbortSignal) => Promise<Fetched>;

/** `blob` is undefined if the bytes are unchanged. */
type Received = { readonly blob: StoredBlob | undefined; readonly etag: string | undefined };

/**
 * Stores what `send` writes, and borrows it. The first failure of either side ends the other and is thrown.
 */
export async function receiveFile(
  engine: Engine,
  folder: BlobFolder,
  send: Send,
  signal: AbortSignal,
): Promise<Received> {
  let etag: string | undefined;
  async function* bytes() {
    const sent = yield* receive(engine, send, signal);
    if (sent.isUnchanged) throw unchanged;
    ({ etag } = sent);
  }
  try {
    return { blob: await folder.storeNew(bytes(), cacheFull), etag };
  } catch (error) {
    if (error === unchanged) return { blob: undefined, etag };
    throw error;
  }
}

/** Keeps the empty output of an unchanged file from being stored. */
const unchanged = new Error("the file is unchanged");

async function* receive(
  engine: Engine,
  send: Send,
  limitSignal: AbortSignal,
): AsyncGenerator<Uint8Array, Fetched> {
  await using pipes = await openPipes(engine.pipesDirectory);
  const stop = new AbortController();
  const signal = AbortSignal.any([limitSignal, stop.signal]);
  signal.addEventListener("abort", () => pipes.output.destroy(signal.reason), { once: true });
  const sending = send(pipes.outputPath, signal).finally(() => pipes.endOutput());
  sending.catch((error) => stop.abort(error));
  try {
    signal.throwIfAborted();
    for await (const chunk of pipes.output) yield chunk;
    return await sending;
  } finally {
    stop.abort();
    await Promise.allSettled([sending]);
  }
}

const cacheFull = () =>
  executionTooLarge("what the source has does not fit into the server's cache beside the files in use");
