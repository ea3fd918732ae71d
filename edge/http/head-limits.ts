import { Code } from "@connectrpc/connect";
import { hostInvalid, httpError } from "../errors/http-error.ts";
import type { HttpRequest } from "./http.ts";

/** Largest head of a request, in bytes of header names and values. */
export const headerBytesMax = 16 * 1024;
/** Most header fields of a request. */
const headerFieldsMax = 100;

const printable = /^[\t\x20-\x7e]*$/;

/** As Node recognizes it. */
const continueExpectation = /\b100-continue\b/i;

/**
 * Rejects headers that are too large, too many, or not printable ASCII: programs disagree on the meaning of such
 * values. Rejects what Node would refuse without a body: a request of HTTP/1.1 without Host, and unknown expectations.
 */
export function checkHead({ rawHeaders, headers, httpVersion }: HttpRequest): void {
  if (rawHeaders.length > 2 * headerFieldsMax) throw headersTooMany();
  let bytes = 0;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = "", value = ""] = [rawHeaders[at], rawHeaders[at + 1]];
    bytes += name.length + value.length;
    if (!printable.test(value)) throw headerUnprintable(name);
  }
  if (bytes > headerBytesMax) throw headersTooLarge();
  if (httpVersion === "1.1" && headers.host === undefined) throw hostInvalid();
  if (headers.expect !== undefined && !continueExpectation.test(headers.expect)) throw expectationUnknown();
}

const expectationUnknown = () =>
  httpError(417, Code.InvalidArgument, "the header Expect must be 100-continue");

const headersTooMany = () =>
  httpError(431, Code.InvalidArgument, `the request has more than ${headerFieldsMax} header fields`);

export const headersTooLarge = () =>
  httpError(431, Code.InvalidArgument, `the headers are larger than ${headerBytesMax} bytes`);

const headerUnprintable = (name: string) =>
  httpError(400, Code.InvalidArgument, `the header ${name} holds a character that is not printable ASCII`);
