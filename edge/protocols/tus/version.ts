import { Code } from "@connectrpc/connect";
import { httpError } from "../../errors/http-error.ts";
import { type HttpRequest, headerOf } from "../../http/http.ts";

/** The only version of the protocol that is spoken. */
export const version = "1.0.0";

/** Largest upload, in bytes. */
export const uploadBytesMax = 5 * 1024 ** 4;

export const checksumAlgorithms: readonly string[] = ["sha1", "sha256", "sha512", "md5"];

/** What the server can do, for `OPTIONS`. */
export const serverHeaders = {
  "tus-version": version,
  "tus-extension": [
    "creation",
    "creation-with-upload",
    "creation-defer-length",
    "checksum",
    "expiration",
    "termination",
    "concatenation",
  ].join(","),
  "tus-max-size": uploadBytesMax,
  "tus-checksum-algorithm": checksumAlgorithms.join(","),
};

/** Throws 412 for a client of another version. */
export function requireVersion(request: HttpRequest): void {
  if (headerOf(request, "tus-resumable") === version) return;
  const headers = { "tus-version": version };
  throw httpError(412, Code.FailedPrecondition, `the header Tus-Resumable must be ${version}`, headers);
}
