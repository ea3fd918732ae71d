import { createLocalJWKSet, decodeJwt, type JWTPayload } from "jose";
import {
  type AuthorizationServer,
  allowInsecureRequests,
  customFetch,
  discoveryRequest,
  processDiscoveryResponse,
  ResponseBodyError,
} from "oauth4webapi";
import { z } from "zod";
import type { Logger } from "../../lib/telemetry/log.ts";
import { issuerBusy, issuerUnavailable } from "../errors.ts";
import { createCachedLoad } from "./cached-load.ts";
import { createIssuerFetch } from "./issuer-fetch.ts";
import type { IssuerConfig } from "./issuers-file.ts";
import { isLoopbackUrl } from "./loopback-url.ts";

const minuteMs = 60_000;
/** Keys of an issuer that does not answer are used this long after they were read. */
const staleMs = 24 * 60 * minuteMs;
const freshMs = 10 * minuteMs;
/** The contract of ExchangeCode states it. */
const exchangesMax = 32;

export type KeyLookup = ReturnType<typeof createLocalJWKSet>;

/** An issuer of the configuration, and what it publishes. */
export type Issuer = {
  readonly config: IssuerConfig;
  /** Options of every request to the issuer. */
  readonly requestOptions: ReturnType<typeof requestOptionsOf>;
  /** The discovery document. Rejects with issuerUnavailable. */
  metadata(): Promise<AuthorizationServer>;
  /** The public keys; with `again`, read once more unless that was tried a moment ago. Rejects with issuerUnavailable. */
  keys(again?: "again"): Promise<KeyLookup>;
  /** Logs why the issuer can't be used, and returns the caller's error. */
  unavailable(cause: unknown): ReturnType<typeof issuerUnavailable>;
  /** Runs an exchange. Throws issuerBusy at once if too many are running: a slow issuer must not fill the process. */
  withPermit<T>(work: () => Promise<T>): Promise<T>;
};

/** The configured issuers. */
export type Issuers = {
  readonly all: readonly Issuer[];
  find(name: string): Issuer | undefined;
  /** The issuer that a token names, which proves nothing yet. */
  ofToken(token: string): Issuer | undefined;
};

export function createIssuers(configs: readonly IssuerConfig[], log: Logger): Issuers {
  const all = configs.map((config) => createIssuer(config, log));
  const byName = new Map(all.map((issuer) => [issuer.config.name, issuer]));
  const byUrl = new Map(all.map((issuer) => [issuer.config.issuer, issuer]));
  return {
    all,
    find: (name) => byName.get(name),
    ofToken: (token) => (byUrl.size > 0 ? byUrl.get(issuerNamedBy(token)) : undefined),
  };
}

function createIssuer(config: IssuerConfig, log: Logger): Issuer {
  const requestOptions = requestOptionsOf(config);
  const unavailable = (cause: unknown) => {
    log.warn({ issuer: config.name, reason: reasonOf(cause) }, "an OpenID Connect issuer can't be used");
    return issuerUnavailable(config.name);
  };
  const orUnavailable =
    <Value>(load: () => Promise<Value>) =>
    () =>
      load().catch((cause: unknown) => Promise.reject(unavailable(cause)));
  const times = { freshMs, staleMs, cooldownMs: config.cooldown_seconds * 1000 };
  const metadata = createCachedLoad(
    orUnavailable(() => discover(config, requestOptions)),
    times,
  );
  const keys = createCachedLoad(async () => {
    const { jwks_uri } = await metadata.get();
    return orUnavailable(() => readKeys(jwks_uri, requestOptions))();
  }, times);
  return {
    config,
    requestOptions,
    metadata: metadata.get,
    keys: (again) => (again ? keys.reload() : keys.get()),
    unavailable,
    withPermit: createPermits(config.name),
  };
}

function createPermits(name: string): Issuer["withPermit"] {
  let running = 0;
  return async (work) => {
    if (running >= exchangesMax) throw issuerBusy(name, exchangesMax);
    running += 1;
    try {
      return await work();
    } finally {
      running -= 1;
    }
  };
}

const requestOptionsOf = ({ issuer }: IssuerConfig) => ({
  [customFetch]: createIssuerFetch(issuer),
  // Cleartext stays on the own machine: see createIssuerFetch.
  [allowInsecureRequests]: isLoopbackUrl(issuer),
});

async function discover({ issuer }: IssuerConfig, options: Issuer["requestOptions"]) {
  const url = new URL(issuer);
  const found = await processDiscoveryResponse(url, await discoveryRequest(url, options));
  // The library compares normalised URLs. Claims have to be equal to the setting, to the letter.
  if (found.issuer !== issuer) throw new Error(`the discovery document is of issuer ${found.issuer}`);
  return found;
}

const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) });

async function readKeys(uri: string | undefined, options: Issuer["requestOptions"]): Promise<KeyLookup> {
  if (uri === undefined) throw new Error("the discovery document has no jwks_uri");
  const headers = new Headers({ accept: "application/jwk-set+json, application/json" });
  const response = await options[customFetch](uri, { headers });
  if (response.status !== 200) throw new Error(`${uri} answers ${response.status}`);
  return createLocalJWKSet(keySet.parse(await response.json()));
}

function issuerNamedBy(token: string): string {
  try {
    const { iss }: JWTPayload = decodeJwt(token);
    return typeof iss === "string" ? iss : "";
  } catch {
    return "";
  }
}

const reasonCharactersMax = 500;

/** Messages only: the properties of the library's errors hold responses, and with them tokens. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  const code = error instanceof ResponseBodyError ? ` (${error.error})` : "";
  const cause = error.cause instanceof Error ? `: ${reasonOf(error.cause)}` : "";
  return `${error.message}${code}${cause}`.slice(0, reasonCharactersMax);
}
