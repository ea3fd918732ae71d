import type { IssuerConfig } from "./issuers-file.ts";
import { isLoopbackUrl } from "./loopback-url.ts";

/** Whether a code may have been sent to a URI: one on the caller's own machine (RFC 8252), or of the settings. */
export const isRedirectAllowed = ({ redirect_uris }: IssuerConfig, uri: string): boolean =>
  redirect_uris.includes(uri) || (isLoopbackUrl(uri) && !uri.includes("#") && !uri.includes("@"));
