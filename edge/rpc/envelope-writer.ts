import type { ServerResponse } from "node:http";
import { compressedFlag, wrap } from "../codec/envelope.ts";
import { type Compression, isWorthCompressing } from "../http/compression.ts";
import { writeChunk } from "../http/write-chunk.ts";

/** Writes messages in envelopes and in order, although compression is asynchronous and large messages are written in parts. */
export type EnvelopeWriter = {
  /** The promise, if there is one, resolves when there is room for more. */
  write(message: Buffer): Promise<void> | undefined;
  /** Runs `work` after all earlier writes. */
  afterWrites(work: () => void): void;
};

export function createEnvelopeWriter(
  response: ServerResponse,
  compression: Compression | undefined,
): EnvelopeWriter {
  let writing: Promise<void> | undefined;
  const enqueue = (work: () => Promise<void> | undefined): Promise<void> =>
    track(Promise.resolve(writing).then(work));
  const track = (work: Promise<void>): Promise<void> => {
    const settled = work.finally(() => {
      if (writing === settled) writing = undefined;
    });
    writing = settled;
    return settled;
  };
  return {
    write(message) {
      if (compression && isWorthCompressing(message)) {
        const bytes = compression.compress(message);
        return enqueue(async () => writeChunk(response, wrap(compressedFlag, await bytes)));
      }
      const send = () => writeChunk(response, wrap(0, message));
      if (writing) return enqueue(send);
      const sent = send();
      return sent && track(sent);
    },
    afterWrites(work) {
      if (writing) void writing.then(work);
      else work();
    },
  };
}
