import ipaddr from "ipaddr.js";
import { insecureConnection } from "../../errors.ts";
import type { PostgresqlSettings } from "../postgresql/settings.ts";

/** What protects a password on its way to the server. */
export type ConnectionSecurity = {
  readonly sslMode: "disable" | "prefer" | "require" | "verify-full";
  /** Authorities of the server's certificate in PEM; undefined for the public ones. */
  readonly ca: string | undefined;
  /** Whether the server may ask for the password itself or its MD5 hash, or for SCRAM's proof only. */
  readonly passwordMethods: "any" | "scram";
};

/**
 * How to connect to these addresses. The addresses decide whether the server is on this machine, not its name.
 * FailedPrecondition (INSECURE_CONNECTION) before anything is sent.
 */
export function securityOf(
  { host, port, sslMode, caSecret, allowInsecureLogin }: PostgresqlSettings,
  addresses: readonly string[],
  ca: string | undefined,
): ConnectionSecurity {
  const isLocal = addresses.every(isLoopback);
  const mode = sslMode ?? (isLocal && caSecret === undefined ? "prefer" : "verify-full");
  if (mode === "verify-full") {
    // Editors can write the CA's secret: a server that only this CA vouches for must not get a readable password.
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
