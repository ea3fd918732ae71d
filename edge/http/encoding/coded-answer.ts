import { pipeline, type Writable } from "node:stream";
import { constants, createBrotliCompress, createGzip, createZstdCompress } from "node:zlib";
import { brotliQuality, isWorthCompressing } from "../compression.ts";
import type { Exchange } from "../exchange.ts";
import { type Headers, isGone } from "../http.ts";
import { sendWhole } from "../send.ts";
import type { Acceptance } from "./acceptance.ts";

/** What one stream may look back to, as a power of two: many streams are open at once. */
const streamWindowBits = 18;

/** What listens to an answer's end, with what passes a stream through a coder, is more than Node finds usual. */
const closeListenersMax = 20;

/** A shared cache must not give a caller a coding that another one takes. */
export const varyByEncoding: Headers = { vary: "Accept-Encoding" };

/** The coding of a text of JSON: none for a short one, unless the caller insists. */
export function codingFor(text: string, { compression, identity }: Acceptance): Acceptance["compression"] {
  return identity && !isWorthCompressing(text) ? undefined : compression;
}

/** Answers a text in a coding. */
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
 * Where a stream of texts is written so that it leaves in a coding; each text comes out whole at once. Ending it ends the
 * answer.
 */
export function codedBody({ response }: Exchange, { compression }: Acceptance): Writable {
  const target = response as unknown as Writable;
  if (!compression) return target;
  const coder = createCoder(compression.name);
  target.setMaxListeners(closeListenersMax);
  // A reader that went away is noticed by the answer's own end.
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
