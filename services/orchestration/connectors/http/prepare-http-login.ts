import ipaddr from "ipaddr.js";
import { insecureConnection, sourceDataInvalid } from "../../errors.ts";
import type { Lookup } from "../network/address-guard.ts";
import type { Route } from "../network/connect-pinned.ts";
import { isCertificates } from "../network/is-certificates.ts";
import type { LoginDeps } from "../network/prepare-login.ts";
import { type HttpServerSettings, httpDestinationOf, originOf } from "./server-settings.ts";

/** All that requests to a server need, with the secrets and the checked addresses. */
export type HttpLogin = {
  /** Addresses that connections may go to: the host is not resolved again. */
  readonly route: Route;
  readonly credential: Credential | undefined;
};

/** A credential, as a header or a query parameter. */
type Credential = {
  readonly place: "header" | "query";
  readonly name: string;
  readonly value: string;
};

/** Printable, because anything else would end a header or be changed on the way. */
const sendable = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;

/**
 * Resolves the secrets for this server, and its host once. FailedPrecondition (ADDRESS_REFUSED, INSECURE_CONNECTION,
 * SECRET_NOT_FOUND, SECRET_NOT_ALLOWED) before anything is sent.
 */
export async function prepareHttpLogin(
  { addressGuard, resolveSecret }: LoginDeps,
  connector: string,
  settings: HttpServerSettings,
  lookup: Lookup,
  signal: AbortSignal,
): Promise<HttpLogin> {
  const { host, port, authSecret, caSecret } = settings;
  const destination = httpDestinationOf(connector, settings);
  const resolve = async (name: string | undefined) =>
    name === undefined ? undefined : await resolveSecret(name, destination, signal);
  const [secret, ca] = [await resolve(authSecret), await resolve(caSecret)];
  if (ca !== undefined && !isCertificates(ca)) {
    throw sourceDataInvalid(`secret ${JSON.stringify(caSecret)} does not hold certificates in PEM`);
  }
  const addresses = await addressGuard(host, lookup);
  if (secret !== undefined) checkSecurity(settings, addresses);
  const security = { sslMode: "verify-full", ca, passwordMethods: "any" } as const;
  return {
    route: { host, port, addresses, security },
    credential: secret === undefined ? undefined : credentialOf(settings, secret),
  };
}

/** Editors can write the secret of the CA, so a server that only this CA vouches for must not get the credential. */
function checkSecurity(settings: HttpServerSettings, addresses: readonly string[]): void {
  const { scheme, caSecret, allowInsecureLogin } = settings;
  const isLocal = addresses.every((address) => ipaddr.process(address).range() === "loopback");
  if (allowInsecureLogin || isLocal || (scheme === "https" && caSecret === undefined)) return;
  const why =
    scheme === "http" ? "is sent without encryption" : "goes to a server that only caSecret vouches for";
  throw insecureConnection(
    `the credential for ${originOf(settings)} ${why}: let an administrator set allowInsecureLogin, or use https` +
      (scheme === "http" ? "" : " with a public certificate"),
  );
}

function credentialOf(
  { auth, authName = "", user = "", authSecret }: HttpServerSettings,
  secret: string,
): Credential {
  if (auth === "basic") {
    const value = `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}`;
    return { place: "header", name: "authorization", value };
  }
  if (!sendable.test(secret)) {
    throw sourceDataInvalid(`secret ${JSON.stringify(authSecret)} has characters that a token can't have`);
  }
  if (auth === "bearer") return { place: "header", name: "authorization", value: `Bearer ${secret}` };
  return { place: auth === "query" ? "query" : "header", name: authName, value: secret };
}
