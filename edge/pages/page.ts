import { hash } from "node:crypto";
import type { Headers } from "../http/http.ts";

/** A public document that is the same for all callers. */
export type Page = {
  readonly headers: Headers;
  /** A strong entity tag with quotes. */
  readonly etag: string;
  readonly body: Uint8Array;
};

/** Pages by path, each loaded on the first request. */
export type Pages = ReadonlyMap<string, () => Promise<Page>>;

/** For pages that change between versions: caches have to revalidate. */
export const revalidated: Headers = { "cache-control": "no-cache" };
/** For pages with a version in their path. */
export const immutable: Headers = { "cache-control": "public, max-age=31536000, immutable" };

export function pageOf(contentType: string, content: string | Uint8Array, headers: Headers): Page {
  const body = Buffer.from(content as string);
  return {
    body,
    etag: `"${hash("sha256", body, "base64url")}"`,
    headers: { "content-type": contentType, "referrer-policy": "no-referrer", ...headers },
  };
}

/** Memoizes; a failure is not kept. */
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
