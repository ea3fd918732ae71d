import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { Db } from "../../lib/database/database.ts";
import { newId } from "../../lib/values/ids.ts";
import { holdLock } from "../advisory-lock.ts";
import type { Vault } from "../vault.ts";
import {
  deleteSigningKeys,
  insertSigningKey,
  listSigningKeys,
  readTimeMs,
  type SigningKeyRow,
} from "./signing-key-repository.ts";
import { isRotationDue, mayRotate, retiredKeysOf, signingKeyContext, signingKeyOf } from "./signing-keys.ts";

/** How long a process caches the keys. Shorter than the time between a key's publication and its first signature. */
const refreshMs = 60_000;
/** Shortest time between two reads for keys that the cache lacks: anyone can send unknown key ids. */
const lookAgainMs = 1_000;

/** Signing keys of access tokens, shared by all processes. Times are the database's: clocks of processes may differ. */
export type KeyRing = {
  /** The current signing key. */
  signingKey(): Promise<{ kid: string; privateKey: KeyObject }>;
  /** The verification key with this id; undefined if there is none. */
  publicKey(kid: string): Promise<KeyObject | undefined>;
  /** Verification keys for the JWKS. `x` is the public key in base64url. */
  published(): Promise<readonly { kid: string; x: string }[]>;
  /** The database's time, in milliseconds. */
  nowMs(): Promise<number>;
};

type Ring = {
  readonly rows: SigningKeyRow[];
  readonly publicKeys: ReadonlyMap<string, KeyObject>;
  readonly readAtMs: number;
  /** How far the database's clock is ahead of this process's. */
  readonly aheadMs: number;
};

/** Reads the keys of the database. Private keys are encrypted there. `clock` is this process's, in milliseconds. */
export function createKeyRing(db: Db, vault: Vault, clock: () => number = Date.now): KeyRing {
  let ring: Ring | undefined;
  const opened = new Map<string, KeyObject>();
  const read = async (maxAgeMs = refreshMs): Promise<Ring> => {
    if (ring && Math.abs(clock() - ring.readAtMs) < maxAgeMs) return ring;
    const [rows, databaseMs] = await Promise.all([listSigningKeys(db), readTimeMs(db)]);
    const publicKeys = new Map(rows.map(({ kid, x }) => [kid, toPublicKey(x)]));
    const readAtMs = clock();
    ring = { rows, publicKeys, readAtMs, aheadMs: databaseMs - readAtMs };
    return ring;
  };
  let lastLook: { readonly ring: Promise<Ring>; readonly atMs: number } | undefined;
  const lookAgain = (): Promise<Ring> => {
    if (!lastLook || Math.abs(clock() - lastLook.atMs) >= lookAgainMs)
      lastLook = { ring: read(0), atMs: clock() };
    return lastLook.ring;
  };
  const nowMs = async () => (await read()).aheadMs + clock();
  return {
    async signingKey() {
      const row = signingKeyOf((await read()).rows, await nowMs());
      if (!row) throw new Error("there is no signing key");
      const privateKey = opened.get(row.kid) ?? openPrivateKey(vault, row);
      opened.set(row.kid, privateKey);
      return { kid: row.kid, privateKey };
    },
    publicKey: async (kid) => (await read()).publicKeys.get(kid) ?? (await lookAgain()).publicKeys.get(kid),
    published: async () => (await read()).rows,
    nowMs,
  };
}

/** The keys after a rotation, oldest first, and whether it created one. */
export type Rotation = { readonly rows: SigningKeyRow[]; readonly created: boolean; readonly nowMs: number };

type RotationOptions = {
  readonly requested?: boolean;
  /** Called last in the transaction that created a key, with its id. */
  readonly record?: (tx: Db, kid: string) => Promise<void>;
};

/**
 * Creates the next key when it is due, or on request as soon as the newest one signs, and removes expired ones. Several
 * processes may run this at the same time. Throws, before it writes anything, if the vault can't decrypt the stored keys.
 */
export function rotateSigningKeys(
  db: Db,
  vault: Vault,
  { requested = false, record }: RotationOptions = {},
): Promise<Rotation> {
  return db.transaction(async (tx) => {
    await holdLock(tx, "signing keys");
    const [rows, nowMs] = [await listSigningKeys(tx), await readTimeMs(tx)];
    for (const row of rows) openPrivateKey(vault, row);
    const created = requested ? mayRotate(rows, nowMs) : isRotationDue(rows, nowMs);
    if (created) await insertSigningKey(tx, newSigningKey(vault));
    const retired = retiredKeysOf(rows, nowMs).map(({ kid }) => kid);
    if (retired.length > 0) await deleteSigningKeys(tx, retired);
    const left = await listSigningKeys(tx);
    if (created) await record?.(tx, left.at(-1)?.kid ?? "");
    return { rows: left, created, nowMs };
  });
}

function newSigningKey(vault: Vault) {
  const kid = newId();
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return { kid, x: publicKey.export({ format: "jwk" }).x ?? "", ...vault.seal(pem, signingKeyContext(kid)) };
}

const openPrivateKey = (vault: Vault, row: SigningKeyRow): KeyObject =>
  createPrivateKey(vault.open(row, signingKeyContext(row.kid)));

const toPublicKey = (x: string): KeyObject =>
  createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
