import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { Db } from "../../lib/database/database.ts";
import { newId } from "../../lib/values/ids.ts";
import { holdLock } from "../advisory-lock.ts";
import {
  deleteSigningKeys,
  insertSigningKey,
  listSigningKeys,
  type SigningKeyRow,
} from "../signing-key-repository.ts";
import type { Vault } from "../vault.ts";
import { isRotationDue, retiredKeysOf, signingKeyOf } from "./signing-keys.ts";

/** How long a process caches the keys. Shorter than the time between a key's publication and its first signature. */
const refreshMs = 60_000;

/** Signing keys of access tokens, shared by all processes. */
export type KeyRing = {
  /** The current signing key. */
  signingKey(): Promise<{ kid: string; privateKey: KeyObject }>;
  /** Verification keys by key id. */
  publicKeys(): Promise<ReadonlyMap<string, KeyObject>>;
  /** Verification keys for the JWKS. `x` is the public key in base64url. */
  published(): Promise<readonly { kid: string; x: string }[]>;
};

type Ring = { rows: SigningKeyRow[]; publicKeys: ReadonlyMap<string, KeyObject>; readAtMs: number };

/** Reads the keys of the database. Private keys are encrypted there. */
export function createKeyRing(db: Db, vault: Vault): KeyRing {
  let ring: Ring | undefined;
  const opened = new Map<string, KeyObject>();
  const read = async (): Promise<Ring> => {
    if (ring && Date.now() - ring.readAtMs < refreshMs) return ring;
    const rows = await listSigningKeys(db);
    const publicKeys = new Map(rows.map(({ kid, x }) => [kid, toPublicKey(x)]));
    ring = { rows, publicKeys, readAtMs: Date.now() };
    return ring;
  };
  return {
    async signingKey() {
      const row = signingKeyOf((await read()).rows, Date.now());
      if (!row) throw new Error("there is no signing key");
      const privateKey = opened.get(row.kid) ?? openPrivateKey(vault, row);
      opened.set(row.kid, privateKey);
      return { kid: row.kid, privateKey };
    },
    publicKeys: async () => (await read()).publicKeys,
    published: async () => (await read()).rows,
  };
}

/**
 * Creates the next key when it is due and removes expired ones. Several processes may run this at the same time.
 * Throws, before it writes anything, if the vault's key can't decrypt the stored keys.
 */
export function rotateSigningKeys(db: Db, vault: Vault): Promise<void> {
  return db.transaction(async (tx) => {
    await holdLock(tx, "signing keys");
    const rows = await listSigningKeys(tx);
    for (const row of rows) openPrivateKey(vault, row);
    if (isRotationDue(rows, Date.now())) await insertSigningKey(tx, newSigningKey(vault));
    const retired = retiredKeysOf(rows, Date.now()).map(({ kid }) => kid);
    if (retired.length > 0) await deleteSigningKeys(tx, retired);
  });
}

function newSigningKey(vault: Vault) {
  const kid = newId();
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return { kid, x: publicKey.export({ format: "jwk" }).x ?? "", ...vault.seal(pem, placeOf(kid)) };
}

const openPrivateKey = (vault: Vault, row: SigningKeyRow): KeyObject =>
  createPrivateKey(vault.open(row, placeOf(row.kid)));

const toPublicKey = (x: string): KeyObject =>
  createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });

const placeOf = (kid: string): string[] => ["signing key", kid];
