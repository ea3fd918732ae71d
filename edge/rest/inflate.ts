import { type HttpRequest, headerOf } from "../http.ts";
import { acceptedEncodings, compressionOf } from "../rpc/compression.ts";
import { bodyTooLarge, encodingUnsupported } from "./http-error.ts";

/** Undoes what the header Content-Encoding says was done to a body. */
export type Inflate = (body: Buffer, bytesMax: number) => Promise<Buffer>;

/** How to inflate a request's body, which is refused as soon as it is too large; undefined where it came as it is. */
export function inflateOf(request: HttpRequest): Inflate | undefined {
  const encoding = encodingOf(request);
  if (encoding === undefined) return undefined;
  const compression = compressionOf(encoding, () => encodingUnsupported(acceptedEncodings));
  return compression && ((body, bytesMax) => compression.decompress(body, bytesMax, bodyTooLarge));
}

/** Refuses an encoding of a body that is read piece by piece: its pieces are taken as they are. */
export function refuseEncoding(request: HttpRequest): void {
  if (encodingOf(request) !== undefined) throw encodingUnsupported("identity");
}

function encodingOf(request: HttpRequest): string | undefined {
  const encoding = headerOf(request, "content-encoding")?.trim().toLowerCase();
  return encoding === "" || encoding === "identity" ? undefined : encoding;
}
