import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { AdminSettings } from "../telemetry/settings.ts";

/** Extent of a request's access: everything, the health of the process, or nothing. */
export type Access = "full" | "probe" | "refused";

export function createAccess({ listen, token }: AdminSettings): (request: IncomingMessage) => Access {
  const isOpen = listen.startsWith("unix:");
  const expected = token === undefined ? undefined : digest(`Bearer ${token}`);
  return ({ headers }) => {
    if (expected) {
      // timingSafeEqual needs inputs of equal length: digests are, the headers need not be.
      return timingSafeEqual(digest(headers.authorization ?? ""), expected) ? "full" : "probe";
    }
    // Without a token only this machine may read. A web page in its browser must not get in by DNS rebinding.
    return isOpen || isOwnHost(headers.host ?? "") ? "full" : "refused";
  };
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Foreign DNS can rebind names, but not addresses. */
function isOwnHost(host: string): boolean {
  const name = host.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  return name === "localhost" || isIP(name) !== 0;
}
