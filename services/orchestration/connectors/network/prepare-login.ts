import { sourceDataInvalid } from "../../errors.ts";
import type { SecretDestination } from "../connector.ts";
import type { AddressGuard, Lookup } from "./address-guard.ts";
import type { Route } from "./connect-pinned.ts";
import { securityOf } from "./connection-security.ts";
import { isCertificates } from "./is-certificates.ts";
import { destinationOf, type ServerSettings } from "./server-settings.ts";

export type LoginDeps = {
  readonly addressGuard: AddressGuard;
  readonly resolveSecret: (
    name: string,
    destination: SecretDestination,
    signal: AbortSignal,
  ) => Promise<string>;
};

/** Where to log in, and the password. */
export type Login = { readonly route: Route; readonly password: string };

/** Resolves the secrets for this server, and its host once: the connection uses the addresses that were checked. */
export async function prepareLogin(
  { addressGuard, resolveSecret }: LoginDeps,
  connector: string,
  settings: ServerSettings,
  lookup: Lookup,
  signal: AbortSignal,
): Promise<Login> {
  const { host, port, passwordSecret, caSecret } = settings;
  const destination = destinationOf(connector, settings);
  const password = await resolveSecret(passwordSecret, destination, signal);
  const ca = caSecret === undefined ? undefined : await resolveSecret(caSecret, destination, signal);
  if (ca !== undefined && !isCertificates(ca)) {
    throw sourceDataInvalid(`secret ${JSON.stringify(caSecret)} does not hold certificates in PEM`);
  }
  const addresses = await addressGuard(host, lookup);
  return { password, route: { host, port, addresses, security: securityOf(settings, addresses, ca) } };
}
