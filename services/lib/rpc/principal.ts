import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { Code, type ConnectError } from "@connectrpc/connect";
import { jwtVerify, SignJWT } from "jose";
import { LRUCache } from "lru-cache";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { failure } from "./errors.ts";

/** User or API key on whose behalf a call is made. */
export type Principal = {
  readonly orgId: string;
  readonly userId: string;
  /** API key of the call, if it used one. */
  readonly apiKeyId?: string;
  /** Login of the call's access token, if it used one. */
  readonly loginId?: string;
  /** Roles in the organisation, and so in each of its namespaces. */
  readonly roles: readonly string[];
  /** Roles in single namespaces, in addition. */
  readonly grants?: readonly NamespaceRoles[];
  /** Limit of a narrowed API key. */
  readonly limit?: KeyLimit;
  /** The caller that speaks for the user, if it is not the user. */
  readonly delegate?: { readonly userId: string; readonly apiKeyId: string };
};

/** Roles in one namespace. */
type NamespaceRoles = { readonly namespace: string; readonly roles: readonly string[] };

/** The only permissions and namespaces of an API key; empty for no limit. */
type KeyLimit = { readonly permissions: readonly string[]; readonly namespaces: readonly string[] };

/** What a principal may do, and where. */
export type Rights = Pick<Principal, "roles" | "grants" | "limit">;

type RightsMessage = {
  readonly roles: readonly string[];
  readonly grants: readonly NamespaceRoles[];
  readonly limit?: KeyLimit | undefined;
};

/** Rights from a response of identity, without what is empty: assertions and their cache keys stay small. */
export function rightsOf({ roles, grants, limit }: RightsMessage): Rights {
  return {
    roles: [...roles],
    ...(grants.length > 0 && {
      grants: grants.map((grant) => ({ namespace: grant.namespace, roles: [...grant.roles] })),
    }),
    ...(limit && { limit: { permissions: [...limit.permissions], namespaces: [...limit.namespaces] } }),
  };
}

/** Calling process of the mesh, and its principal. */
export type Caller = {
  /** Process name: `edge` or a service. */
  readonly process: string;
  readonly principal: Principal | undefined;
};

/** Metadata key of the assertion. */
export const assertionHeader = "x-sluice-assertion";

const audience = "sluice-mesh";
const algorithm = "EdDSA";
const lifetimeMs = 60_000;
/** An assertion is reused this long; the rest of its lifetime is for its delivery. */
const reuseMs = 30_000;
const cacheEntries = 10_000;

export type Signer = {
  /** Name of the signing process. */
  readonly process: string;
  assertionFor(principal: Principal | undefined): Promise<string>;
};
export type Verifier = { verify(assertion: string): Promise<Caller> };

/** Signs assertions of one process. `privateKeyPem` is an Ed25519 key in PKCS #8. */
export function createSigner(process: string, privateKeyPem: string): Signer {
  const key = createPrivateKey(privateKeyPem);
  const signed = new LRUCache<string, Promise<string>>({ max: cacheEntries, ttl: reuseMs });
  return {
    process,
    assertionFor(principal) {
      const cacheKey = JSON.stringify(principal ?? null);
      const known = signed.get(cacheKey);
      if (known) return known;
      const assertion = sign(process, key, principal);
      signed.set(cacheKey, assertion);
      return assertion;
    },
  };
}

function sign(process: string, key: KeyObject, principal: Principal | undefined): Promise<string> {
  return new SignJWT(principal ? { principal } : {})
    .setProtectedHeader({ alg: algorithm, kid: process })
    .setIssuer(process)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime(new Date(Date.now() + lifetimeMs))
    .sign(key);
}

/** Verifies assertions. `publicKeys` maps process names to Ed25519 keys in SPKI PEM. */
export function createVerifier(publicKeys: Readonly<Record<string, string>>): Verifier {
  const keys = new Map(Object.entries(publicKeys).map(([name, pem]) => [name, createPublicKey(pem)]));
  const verified = new LRUCache<string, { caller: Caller; expiresAtMs: number }>({ max: cacheEntries });
  return {
    async verify(assertion) {
      const known = verified.get(assertion);
      if (known && known.expiresAtMs > Date.now()) return known.caller;
      const checked = await check(assertion, keys);
      verified.set(assertion, checked);
      return checked.caller;
    },
  };
}

async function check(assertion: string, keys: ReadonlyMap<string, KeyObject>) {
  try {
    const keyOf = ({ kid }: { kid?: string }) => {
      const key = keys.get(kid ?? "");
      if (!key) throw new Error("unknown process");
      return key;
    };
    const { payload, protectedHeader } = await jwtVerify(assertion, keyOf, {
      audience,
      algorithms: [algorithm],
      requiredClaims: ["exp", "iss"],
    });
    const process = payload.iss ?? "";
    // A process may sign in its own name only.
    if (process !== protectedHeader.kid) throw new Error("issuer and key differ");
    const principal = payload.principal as Principal | undefined;
    return { caller: { process, principal }, expiresAtMs: (payload.exp ?? 0) * 1000 };
  } catch {
    throw assertionInvalid();
  }
}

function assertionInvalid(): ConnectError {
  return failure(Code.Unauthenticated, ErrorReason.CREDENTIAL_INVALID, "the call's assertion is not valid");
}
