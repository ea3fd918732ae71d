import { bodyStalled, bodyTooLarge } from "../errors/http-error.ts";
import { callerGone, deadlinePassed } from "../errors/refusals.ts";
import { type Incoming, readPieces } from "./body.ts";
import { inflateBody } from "./encoding/coded-request.ts";
import { createGatherer } from "./gather.ts";
import { type HttpRequest, headerOf, isHttp2 } from "./http.ts";
import type { Place } from "./pace.ts";
import { boundTinyPieces } from "./tiny-pieces.ts";

/** The body of a request, without its content coding. It is read once, by one of the two functions. */
export type RequestBody = {
  readonly request: HttpRequest;
  readonly isCompressed: boolean;
  /** The whole body as one message, within the limits of a message. */
  read(): Promise<Buffer>;
  /** The body as it comes, no faster than it is taken, within the limits of a stream. */
  chunks(place?: Place): AsyncGenerator<Buffer>;
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
  chunks: (place) => readPieces(incoming, place),
});

/** Reads a whole body. It refuses one that is too large, with the error given, as soon as that is known. */
export function readBody(
  { request, pauseMs }: Incoming,
  messageBytesMax: number,
  tooLarge: (bytesMax: number) => Error,
  timeoutMs?: number,
): Promise<Buffer> {
  // A small body has come with its headers: nothing needs to be waited for.
  if (!isHttp2(request) && request.complete && !request.destroyed) {
    const whole = readHeld(request);
    return whole.byteLength > messageBytesMax
      ? Promise.reject(tooLarge(messageBytesMax))
      : Promise.resolve(whole);
  }
  return new Promise((resolve, reject) => {
    if (Number(headerOf(request, "content-length") ?? 0) > messageBytesMax) throw tooLarge(messageBytesMax);
    if (request.destroyed) throw callerGone();
    const gathered = createGatherer();
    const countTiny = boundTinyPieces();
    const stalled = setTimeout(() => fail(bodyStalled(pauseMs / 1000)), pauseMs);
    const late = timeoutMs === undefined ? undefined : setTimeout(() => fail(deadlinePassed()), timeoutMs);
    const release = () => {
      clearTimeout(stalled);
      clearTimeout(late);
      request.off("data", take).off("end", end).off("close", gone).off("error", gone);
    };
    const fail = (error: Error) => {
      release();
      reject(error);
    };
    const take = (piece: Buffer) => {
      gathered.add(piece);
      stalled.refresh();
      try {
        countTiny(piece.byteLength);
        if (gathered.byteLength > messageBytesMax) throw tooLarge(messageBytesMax);
      } catch (error) {
        fail(error as Error);
      }
    };
    const end = () => {
      release();
      resolve(gathered.take());
    };
    const gone = () => fail(callerGone());
    request.on("data", take).on("end", end).on("close", gone).on("error", gone);
  });
}

/** All of a body that has come, of which a stream gives one piece at a time. */
function readHeld(request: HttpRequest): Buffer {
  const gathered = createGatherer();
  for (let piece: Buffer | null = request.read(); piece; piece = request.read()) gathered.add(piece);
  return gathered.take();
}
