import { X509Certificate } from "node:crypto";
import { sourceDataInvalid } from "../../errors.ts";
import type { AddressGuard, Lookup } from "./address-guard.ts";
import type { SecretDestination } from "../connector.ts";
import { securityOf } from "./connection-security.ts";
import type { Route } from "../postgresql/open-socket.ts";
import { destinationOf, type PostgresqlSettings } from "../postgresql/settings.ts";

export type LoginDeps = {
  readonly addressGuard: AddressGuard;
  readonly resolveSecret: (
    name: string,
    destination: SecretDestination,
    signal: AbortSignal,
  ) => Promise<string>;
};

/** Where to log in, and with what. */
export type Login = { readonly route: Route; readonly password: string };

/** Resolves the secrets for this server, and its addresses once: the connection uses the addresses that were checked. */
export async function prepareLogin(
  { addressGuard, resolveSecret }: LoginDeps,
  settings: PostgresqlSettings,
  lookup: Lookup,
  signal: AbortSignal,
): Promise<Login> {
  const { host, port, passwordSecret, caSecret } = settings;
  const destination = destinationOf(settings);
  const password = await resolveSecret(passwordSecret, destination, signal);
  const ca = caSecret === undefined ? undefined : await resolveSecret(caSecret, destination, signal);
  if (ca !== undefined && !isCertificates(ca)) {
    throw sourceDataInvalid(`secret ${JSON.stringify(caSecret)} does not hold certificates in PEM`);
  }
  const addresses = await addressGuard(host, lookup);
  return { password, route: { host, port, addresses, security: securityOf(settings, addresses, ca) } };
}

const certificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** OpenSSL ignores what it can't read: then nothing would be trusted, and the error would name something else. */
function isCertificates(pem: string): boolean {
  const found = pem.match(certificate) ?? [];
  try {
    return found.length > 0 && found.every((text) => new X509Certificate(text) !== undefined);
  } catch {
    return false;
  }
}
