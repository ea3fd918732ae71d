import { LRUCache } from "lru-cache";
import Negotiator from "negotiator";
import { encodingNotAcceptable } from "../../errors/http-error.ts";
import { type Compression, compressionOf } from "../compression.ts";
import { type HttpRequest, headerOf } from "../http.ts";

/** The content codings that a caller accepts. */
export type Acceptance = {
  /** The preferred one; undefined for identity. */
  readonly compression: Compression | undefined;
  /** Whether identity is acceptable. */
  readonly identity: boolean;
};

/** In the order of preference among equal q-values: less time for about the same size. */
const codings = ["zstd", "br", "gzip"];

/** Few different headers are in use. */
const known = new LRUCache<string, Acceptance>({ max: 200 });
const plain: Acceptance = Object.freeze({ compression: undefined, identity: true });

/** Reads Accept-Encoding. Throws 406 where it accepts none of the codings, before the call is made. */
export function acceptanceOf(request: HttpRequest): Acceptance {
  const header = headerOf(request, "accept-encoding");
  if (header === undefined) return plain;
  const found = known.get(header) ?? negotiate(header);
  known.set(header, found);
  if (!found.compression && !found.identity) throw encodingNotAcceptable([...codings, "identity"]);
  return found;
}

/** Throws 406 unless identity is acceptable, for responses that are sent as stored. */
export function requireIdentity({ identity }: Acceptance): void {
  if (!identity) throw encodingNotAcceptable(["identity"]);
}

function negotiate(header: string): Acceptance {
  // An empty list accepts no coding.
  if (header.trim() === "") return plain;
  const negotiator = new Negotiator({ headers: { "accept-encoding": header } }) as Preferring;
  const accepted = negotiator.encodings([...codings, "identity"], { preferred: codings });
  return {
    compression: compressionOf(accepted[0]),
    identity: accepted.includes("identity"),
  };
}

/** An option that the library's types leave out. */
type Preferring = Negotiator & {
  encodings(available: string[], options: { preferred: string[] }): string[];
};
