import type { ServerResponse } from "node:http";
import { compressedFlag, wrap } from "../codec/envelope.ts";
import { type Compression, isWorthCompressing } from "../http/compression.ts";
import { writeChunk } from "../http/write-chunk.ts";

/** Writes messages in envelopes, compressed where it pays, and in their order although compressing takes a while and a large one is written in parts. */
export type EnvelopeWriter = {
  /** The promise, if there is one, resolves when the reader took enough. */
  write(message: Buffer): Promise<void> | undefined;
  /** Runs when all that came before is written. */
  afterwards(work: () => void): void;
};

export function createEnvelopeWriter(
  response: ServerResponse,
  compression: Compression | undefined,
): EnvelopeWriter {
  let writing: Promise<void> | undefined;
  const inTurn = (work: () => Promise<void> | undefined): Promise<void> =>
    remember(Promise.resolve(writing).then(work));
  const remember = (work: Promise<void>): Promise<void> => {
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
        return inTurn(async () => writeChunk(response, wrap(compressedFlag, await bytes)));
      }
      const send = () => writeChunk(response, wrap(0, message));
      if (writing) return inTurn(send);
      const sent = send();
      return sent && remember(sent);
    },
    afterwards(work) {
      if (writing) void writing.then(work);
      else work();
    },
  };
}
