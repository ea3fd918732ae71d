import { z } from "zod";
import type { Claims } from "./verify-issuer-token.ts";

/** What an account takes over from claims when it is created. */
export type Profile = {
  /** Undefined without a valid one. */
  readonly email: string | undefined;
  /** Undefined if the issuer does not say. */
  readonly isEmailVerified: boolean | undefined;
  readonly displayName: string;
};

const displayNameCharactersMax = 200;
const email = z.email({ pattern: z.regexes.html5Email }).max(254);

export function profileOf(claims: Claims): Profile {
  const { name, email_verified: verified } = claims;
  return {
    email: email.safeParse(claims.email).data,
    isEmailVerified: verified === undefined ? undefined : verified === true,
    displayName: typeof name === "string" ? cleaned(name) : "",
  };
}

/** As the contract has display names: 200 characters without control characters, composed. */
const cleaned = (name: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed.
  [...name.normalize("NFC").replace(/[\x00-\x1f\x7f]/g, "")].slice(0, displayNameCharactersMax).join("");
