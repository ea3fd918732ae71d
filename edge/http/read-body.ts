import { bodyStalled, bodyTooLarge } from "../errors/http-error.ts";
import { callerCanceled, deadlinePassed } from "../errors/refusals.ts";
import { createByteBuffer } from "./byte-buffer.ts";
import { inflateBody } from "./encoding/coded-request.ts";
import { type HttpRequest, headerOf, isHttp2 } from "./http.ts";
import { type Incoming, readChunks } from "./read-chunks.ts";
import type { ReadState } from "./read-timeout.ts";
import { limitTinyChunks } from "./tiny-chunks.ts";

/** The body of a request, without its content coding. It is read once, by one of the two functions. */
export type RequestBody = {
  readonly request: HttpRequest;
  readonly isCompressed: boolean;
  /** The whole body as one message, within the limits of a message. */
  read(): Promise<Buffer>;
  /** The body in chunks as they are received, no faster than they are consumed, within the limits of a stream. */
  chunks(state?: ReadState): AsyncGenerator<Buffer>;
};

export const createRequestBody = (
  incoming: Incoming,
  { messageBytesMax, timeoutMs }: { messageBytesMax: number; timeoutMs: number },
): RequestBody => ({
  request: incoming.request,
  isCompressed: incoming.compression !== undefined,
  async read() {
    const coded = await readBody(incoming, messageBytesMax, bodyTooLarge, timeoutMs);
    return inflateBody(coded, incoming.compression, messageBytesMax);
  },
  chunks: (state) => readChunks(incoming, state),
});

/** Reads a whole body. Rejects with `tooLarge` as soon as the size is known to be over the limit. */
export function readBody(
  { request, pauseMs }: Incoming,
  messageBytesMax: number,
  tooLarge: (bytesMax: number) => Error,
  timeoutMs?: number,
): Promise<Buffer> {
  // A small body arrives with its headers.
  if (!isHttp2(request) && request.complete && !request.destroyed) {
    const whole = readBuffered(request);
    return whole.byteLength > messageBytesMax
      ? Promise.reject(tooLarge(messageBytesMax))
      : Promise.resolve(whole);
  }
  return new Promise((resolve, reject) => {
    if (Number(headerOf(request, "content-length") ?? 0) > messageBytesMax) throw tooLarge(messageBytesMax);
    if (request.destroyed) throw callerCanceled();
    const buffered = createByteBuffer();
    const countTiny = limitTinyChunks();
    const stalled = setTimeout(() => fail(bodyStalled(pauseMs / 1000)), pauseMs);
    const deadline =
      timeoutMs === undefined ? undefined : setTimeout(() => fail(deadlinePassed()), timeoutMs);
    const release = () => {
      clearTimeout(stalled);
      clearTimeout(deadline);
      request.off("data", receive).off("end", end).off("close", abort).off("error", abort);
    };
    const fail = (error: Error) => {
      release();
      reject(error);
    };
    const receive = (chunk: Buffer) => {
      buffered.append(chunk);
      stalled.refresh();
      try {
        countTiny(chunk.byteLength);
        if (buffered.byteLength > messageBytesMax) throw tooLarge(messageBytesMax);
      } catch (error) {
        fail(error as Error);
      }
    };
    const end = () => {
      release();
      resolve(buffered.drain());
    };
    const abort = () => fail(callerCanceled());
    request.on("data", receive).on("end", end).on("close", abort).on("error", abort);
  });
}

/** The buffered body; a stream returns it chunk by chunk. */
function readBuffered(request: HttpRequest): Buffer {
  const buffered = createByteBuffer();
  for (let chunk: Buffer | null = request.read(); chunk; chunk = request.read()) buffered.append(chunk);
  return buffered.drain();
}
