import type { ServerResponse } from "node:http";
import { constants } from "node:http2";
import type { Writable } from "node:stream";
import type { ConnectError } from "@connectrpc/connect";
import { toErrorAnswer } from "../errors/status.ts";
import type { ReadBudget } from "./exchange.ts";
import type { Headers, HttpResponse } from "./http.ts";
import { endWith, writePiece } from "./write-piece.ts";

/** An answer that is being written. */
export type Outgoing = {
  readonly response: HttpResponse;
  /** Whether headers alone are asked for. */
  readonly headOnly: boolean;
  readonly requestId: string;
  /** Aborts when the reader went away. */
  signalOf(): AbortSignal;
  /** What a read of a file may take; undefined where none is counted. */
  readsOf(): ReadBudget | undefined;
};

export const jsonType = "application/json";

/** Writes a whole answer at once. */
export function sendWhole(out: Outgoing, status: number, headers: Headers, body: string | Uint8Array): void {
  const length = typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
  const bodiless = status === 204 || status === 304;
  sendHead(out, status, bodiless ? headers : { "content-length": length, ...headers });
  if (out.headOnly || bodiless) out.response.end();
  else endWith(out.response, body);
}

export function sendHead({ response, requestId }: Outgoing, status: number, headers: Headers): void {
  const vary = [response.getHeader("vary"), headers.vary].filter((names) => names !== undefined);
  (response as ServerResponse).writeHead(status, {
    // Stored files are served from the same origin: no browser may guess that one of them is a page.
    "x-content-type-options": "nosniff",
    "x-request-id": requestId,
    ...headers,
    ...(vary.length > 0 && { vary: vary.join(", ") }),
  });
}

/** Says that what is answered depends on a header of the request, also of an answer that is still to be made. */
export function addVary({ response }: Outgoing, name: string): void {
  const before = response.getHeader("vary");
  response.setHeader("vary", before === undefined ? name : `${before}, ${name}`);
}

/** Sends status and headers without waiting for the first byte of the body. */
export function flushHead({ response }: Outgoing): void {
  // Both HTTP versions have the method; the types of HTTP/2 leave it out.
  (response as ServerResponse).flushHeaders();
}

/** Writes a piece, into what leads to the answer or into the answer itself, and waits until the reader took enough. */
export async function sendPiece(
  out: Outgoing,
  piece: string | Uint8Array,
  writable = out.response as unknown as Writable,
): Promise<void> {
  out.signalOf().throwIfAborted();
  await writePiece(writable, piece);
  await out.readsOf()?.spend(piece.length);
}

/** Answers an error as google.rpc.Status JSON. */
export function sendError(out: Outgoing, error: ConnectError): void {
  const { status, headers, body } = toErrorAnswer(error);
  sendWhole(out, status, { "content-type": jsonType, ...headers }, JSON.stringify(body));
}

/** Ends an answer so that its reader sees that it is not whole. */
export function breakOff({ response }: Pick<Outgoing, "response">): void {
  if ("stream" in response) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else response.destroy();
}
