import { LRUCache } from "lru-cache";
import Negotiator from "negotiator";
import { encodingNotAcceptable } from "../../errors/http-error.ts";
import { type Compression, compressionOf } from "../compression.ts";
import { type HttpRequest, headerOf } from "../http.ts";

/** How a caller takes an answer. */
export type Acceptance = {
  /** The coding that it likes best; undefined if it has to be none. */
  readonly compression: Compression | undefined;
  /** Whether it takes one without a coding, too. */
  readonly identity: boolean;
};

/** Best first, where a caller likes several equally: less time for about the same size. */
const codings = ["zstd", "br", "gzip"];

/** Headers differ little from caller to caller. */
const known = new LRUCache<string, Acceptance>({ max: 200 });
const plain: Acceptance = Object.freeze({ compression: undefined, identity: true });

/** Reads Accept-Encoding. A caller that takes nothing that there is gets 406, before anything has been done for it. */
export function acceptanceOf(request: HttpRequest): Acceptance {
  const header = headerOf(request, "accept-encoding");
  if (header === undefined) return plain;
  const found = known.get(header) ?? negotiate(header);
  known.set(header, found);
  if (!found.compression && !found.identity) throw encodingNotAcceptable([...codings, "identity"]);
  return found;
}

/** For answers that are sent byte for byte. */
export function requireIdentity({ identity }: Acceptance): void {
  if (!identity) throw encodingNotAcceptable(["identity"]);
}

function negotiate(header: string): Acceptance {
  // An empty list is a caller that takes no coding.
  if (header.trim() === "") return plain;
  const negotiator = new Negotiator({ headers: { "accept-encoding": header } }) as Preferring;
  const accepted = negotiator.encodings([...codings, "identity"], { preferred: codings });
  return {
    compression: compressionOf(accepted[0]),
    identity: accepted.includes("identity"),
  };
}

/** What the library's types leave out. */
type Preferring = Negotiator & {
  encodings(available: string[], options: { preferred: string[] }): string[];
};
