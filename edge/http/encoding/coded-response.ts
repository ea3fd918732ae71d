import { pipeline, type Writable } from "node:stream";
import { constants, createBrotliCompress, createGzip, createZstdCompress } from "node:zlib";
import { brotliQuality, isWorthCompressing } from "../compression.ts";
import type { Exchange } from "../exchange.ts";
import { type Headers, isGone } from "../http.ts";
import { sendWhole } from "../send.ts";
import type { Acceptance } from "./acceptance.ts";

/** Window of a compressed stream, as a power of two: many streams are open at once. */
const streamWindowBits = 18;

/** Above the default of Node: the pipeline of a coded stream adds its listeners to those of the edge. */
const closeListenersMax = 20;

/** Shared caches must keep the codings apart. */
export const varyByEncoding: Headers = { vary: "Accept-Encoding" };

/** The coding of a JSON text: none for a short one, unless identity is not acceptable. */
export function codingFor(text: string, { compression, identity }: Acceptance): Acceptance["compression"] {
  return identity && !isWorthCompressing(text) ? undefined : compression;
}

/** Sends a text in a coding. */
export async function sendCoded(
  exchange: Exchange,
  status: number,
  headers: Headers,
  text: string,
  compression: Acceptance["compression"],
): Promise<void> {
  if (!compression) {
    sendWhole(exchange, status, { ...headers, ...varyByEncoding }, text);
    return;
  }
  const body = await compression.compress(Buffer.from(text));
  if (isGone(exchange.response)) return;
  sendWhole(exchange, status, { ...headers, ...varyByEncoding, "content-encoding": compression.name }, body);
}

/**
 * The writable of a coded response body. Each write is flushed at once, and ending it ends the response.
 */
export function codedBody({ response }: Exchange, { compression }: Acceptance): Writable {
  const target = response as unknown as Writable;
  if (!compression) return target;
  const coder = createCoder(compression.name);
  target.setMaxListeners(closeListenersMax);
  // The close of the response reports a client that disconnected.
  pipeline(coder, target, () => undefined);
  return coder;
}

function createCoder(name: string) {
  if (name === "zstd") {
    const params = { [constants.ZSTD_c_windowLog]: streamWindowBits };
    return createZstdCompress({ flush: constants.ZSTD_e_flush, params });
  }
  if (name === "br") {
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: brotliQuality,
      [constants.BROTLI_PARAM_LGWIN]: streamWindowBits,
    };
    return createBrotliCompress({ flush: constants.BROTLI_OPERATION_FLUSH, params });
  }
  return createGzip({ flush: constants.Z_SYNC_FLUSH });
}
