import type { Readable } from "node:stream";
import { executionTooLarge, sourceUnreachable } from "../../errors.ts";
import { beforeAbort } from "../../timing/before-abort.ts";

/** Yields a body of at most `bytesMax` bytes. Unavailable (SOURCE_UNREACHABLE) if it is cut off. */
export async function* readBody(
  body: Readable,
  {
    origin,
    bytesMax,
    signal,
  }: { readonly origin: string; readonly bytesMax: number; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await beforeAbort(chunks.next(), signal).catch((error: unknown) => {
        signal.throwIfAborted();
        throw Object.assign(sourceUnreachable(`${origin} ended a response before its end`), { cause: error });
      });
      if (done) return;
      bytes += value.length;
      if (bytes > bytesMax) {
        throw executionTooLarge(`${origin} answers with more than ${bytesMax / 1024 ** 2} MiB at once`);
      }
      yield value;
    }
  } finally {
    body.destroy();
  }
}
