import { type Duration, durationMs } from "@bufbuild/protobuf/wkt";

/** Lifetime of a signed URL when the request has none. Stands in the contract. */
const lifetimeMsDefault = 60 * 60 * 1000;

/** When a URL that is signed now expires. */
export const expireTimeOf = (lifetime: Duration | undefined): Date =>
  new Date(Date.now() + (lifetime ? durationMs(lifetime) : lifetimeMsDefault));
