import { hash } from "node:crypto";
import type { Headers } from "../http/http.ts";

/** Something that is the same for everybody: anybody may read it. */
export type Page = {
  readonly headers: Headers;
  /** A strong entity tag, with its quotes. */
  readonly etag: string;
  readonly body: Uint8Array;
};

/** Pages by their paths. A page is read when it is asked for first. */
export type Pages = ReadonlyMap<string, () => Promise<Page>>;

/** May change with the next version: caches have to ask whether it did. */
export const revalidated: Headers = { "cache-control": "no-cache" };
/** Has its version in its path. */
export const immutable: Headers = { "cache-control": "public, max-age=31536000, immutable" };

/** Makes a page of a text or of bytes. */
export function pageOf(contentType: string, content: string | Uint8Array, headers: Headers): Page {
  const body = Buffer.from(content as string);
  return {
    body,
    etag: `"${hash("sha256", body, "base64url")}"`,
    headers: { "content-type": contentType, "referrer-policy": "no-referrer", ...headers },
  };
}

/** Makes it once, however often it is asked for; again after it failed. */
export function lazily(make: () => Page | Promise<Page>): () => Promise<Page> {
  let made: Promise<Page> | undefined;
  return () => {
    made ??= Promise.resolve()
      .then(make)
      .catch((error: unknown) => {
        made = undefined;
        throw error;
      });
    return made;
  };
}
