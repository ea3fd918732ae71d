import type { ServerResponse } from "node:http";
import { writePiece } from "../write-piece.ts";
import { type Compression, isWorthCompressing } from "./compression.ts";
import { compressedFlag, wrap } from "./envelope.ts";

/** Writes messages in envelopes, compressed where it pays, and in their order although compressing takes a while. */
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
  let compressing: Promise<void> | undefined;
  const inTurn = (work: () => Promise<void> | undefined): Promise<void> => {
    const mine: Promise<void> = Promise.resolve(compressing).then(work);
    const settled = mine.finally(() => {
      if (compressing === settled) compressing = undefined;
    });
    compressing = settled;
    return settled;
  };
  return {
    write(message) {
      if (compression && isWorthCompressing(message)) {
        const bytes = compression.compress(message);
        return inTurn(async () => writePiece(response, wrap(compressedFlag, await bytes)));
      }
      const send = () => writePiece(response, wrap(0, message));
      return compressing ? inTurn(send) : send();
    },
    afterwards(work) {
      if (compressing) void compressing.then(work);
      else work();
    },
  };
}
