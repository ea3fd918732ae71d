import { type Frame, flags } from "./frames.ts";
import { protocolError } from "./http2-error.ts";

/** The payload of a frame without its padding. */
export function removePadding({ flags: flagBits, payload }: Frame): Buffer {
  if (!(flagBits & flags.padded)) return payload;
  const [paddingBytes = 0] = payload;
  if (paddingBytes >= payload.byteLength) throw protocolError("a frame has more padding than bytes");
  return payload.subarray(1, payload.byteLength - paddingBytes);
}
