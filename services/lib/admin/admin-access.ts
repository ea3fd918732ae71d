import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { AdminSettings } from "../telemetry/settings.ts";

/** What a request may read: everything, whether the process is well, or nothing. */
export type Access = "full" | "probe" | "refused";

/** Answers what a request may read. */
export function createAccess({ listen, token }: AdminSettings): (request: IncomingMessage) => Access {
  const isOpen = listen.startsWith("unix:");
  const expected = token === undefined ? undefined : digest(`Bearer ${token}`);
  return ({ headers }) => {
    if (expected) {
      // Digests are as long as each other, whatever was sent.
      return timingSafeEqual(digest(headers.authorization ?? ""), expected) ? "full" : "probe";
    }
    // Without a token the machine itself is the limit. A page in a browser on it must not get through by a name that
    // its owner lets lead here.
    return isOpen || isOwnHost(headers.host ?? "") ? "full" : "refused";
  };
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** An address is none that somebody else's name stands for. */
function isOwnHost(host: string): boolean {
  const name = host.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  return name === "localhost" || isIP(name) !== 0;
}
