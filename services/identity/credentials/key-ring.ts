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

/** How long a process works with its copy of the keys; shorter than a key is published before it signs. */
const refreshMs = 60_000;

/** The keys that access tokens are signed with, the same in every process. */
export type KeyRing = {
  /** The key to sign with now. */
  signingKey(): Promise<{ kid: string; privateKey: KeyObject }>;
  /** Keys that live tokens may be signed with, by name. */
  publicKeys(): Promise<ReadonlyMap<string, KeyObject>>;
  /** The same, as they are published: `x` is the public key in base64url. */
  published(): Promise<readonly { kid: string; x: string }[]>;
};

type Ring = { rows: SigningKeyRow[]; publicKeys: ReadonlyMap<string, KeyObject>; readAtMs: number };

/** Opens the keys of the database. Their private parts are sealed. */
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
 * Makes the next key when it is due and removes those that nobody needs. Safe in several processes at once. Throws,
 * before anything is written with it, when the vault's key is not the one that the keys were sealed with.
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
