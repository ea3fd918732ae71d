import ipaddr from "ipaddr.js";
import { insecureConnection } from "../../errors.ts";
import type { ServerSettings } from "./server-settings.ts";

/** Protection of a password in transit. */
export type ConnectionSecurity = {
  readonly sslMode: "disable" | "prefer" | "require" | "verify-full";
  /** Authorities of the server's certificate in PEM; undefined for the public ones. */
  readonly ca: string | undefined;
  /** Whether the server may request the password or its MD5 hash, or only a SCRAM proof. */
  readonly passwordMethods: "any" | "scram";
};

/**
 * Chooses the security of a connection to these addresses. They, not the host's name, decide whether the server is on this
 * machine. FailedPrecondition (INSECURE_CONNECTION) before anything is sent.
 */
export function securityOf(
  { host, port, sslMode, caSecret, allowInsecureLogin }: ServerSettings,
  addresses: readonly string[],
  ca: string | undefined,
): ConnectionSecurity {
  const isLocal = addresses.every(isLoopback);
  const mode = sslMode ?? (isLocal && caSecret === undefined ? "prefer" : "verify-full");
  if (mode === "verify-full") {
    // Editors can write the secret of the CA, so a server that only this CA vouches for must not get a readable password.
    const isVouched = caSecret === undefined || allowInsecureLogin;
    return { sslMode: mode, ca, passwordMethods: isVouched ? "any" : "scram" };
  }
  if (!isLocal && !allowInsecureLogin) throw insecureConnection(needsVerification(`${host}:${port}`, mode));
  return { sslMode: mode, ca, passwordMethods: "any" };
}

const isLoopback = (address: string): boolean => ipaddr.process(address).range() === "loopback";

const needsVerification = (server: string, mode: string) =>
  `${server} is not on this machine, and settings.sslMode ${mode} does not keep its password from others: ` +
  "use verify-full, or let an administrator set allowInsecureLogin";
