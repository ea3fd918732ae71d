import type { Db } from "../../lib/database/database.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import type { Sealed, Vault } from "../vault.ts";
import { type SealedKind, sealedKinds } from "./sealed-kinds.ts";
import { countByKey, lockOthers, replaceSealed, type SealedRow } from "./sealed-repository.ts";

/** Values of one transaction: few, since a caller who replaces a secret waits for it. */
const batchMax = 100;

type Deps = { readonly db: Db; readonly vault: Vault; readonly log: Logger };

/**
 * Encrypts every value with the current key. Several processes share the work, and each batch is a transaction: after a
 * stop or a crash, the next call continues. A value that can't be decrypted is left, and logged.
 */
export async function reencrypt({ db, vault, log }: Deps, stop: AbortSignal): Promise<void> {
  if (vault.decryptionKeyId === undefined) return;
  for (const kind of sealedKinds) {
    let after: readonly string[] | undefined;
    let count = 0;
    do {
      const rows = await db.transaction((tx) => reencryptBatch(tx, { vault, log, kind, after }));
      count += rows.length;
      after = rows.at(-1)?.key;
    } while (after !== undefined && !stop.aborted);
    if (count > 0) log.info({ kind: kind.kind, count }, "values are encrypted with the current key");
  }
}

type Batch = Omit<Deps, "db"> & { readonly kind: SealedKind; readonly after: readonly string[] | undefined };

async function reencryptBatch(tx: Db, { vault, log, kind, after }: Batch): Promise<SealedRow[]> {
  const rows = await lockOthers(tx, kind, { keyId: vault.keyId, after, limit: batchMax });
  for (const row of rows) {
    const resealed = reseal(row, { vault, log, kind });
    if (resealed) await replaceSealed(tx, kind, { key: row.key, ...resealed });
  }
  return rows;
}

function reseal(row: SealedRow, { vault, log, kind }: Omit<Batch, "after">): Sealed | undefined {
  const context = kind.contextOf(row.key);
  try {
    return vault.seal(vault.open(row, context), context);
  } catch (error) {
    log.warn({ err: error, kind: kind.kind }, "a value can't be decrypted");
    return undefined;
  }
}

/** Encrypted values of a kind. */
export type EncryptedCount = { readonly kind: string; readonly total: number; readonly pending: number };

/** How many values are encrypted, and with another key than the current one. */
export function countEncrypted(db: Db, { keyId }: Pick<Vault, "keyId">): Promise<EncryptedCount[]> {
  return Promise.all(
    sealedKinds.map(async (kind) => {
      const counts = await countByKey(db, kind);
      const sum = (of: typeof counts) => of.reduce((total, { count }) => total + count, 0);
      const others = counts.filter((one) => one.keyId !== keyId);
      return { kind: kind.kind, total: sum(counts), pending: sum(others) };
    }),
  );
}

/** Throws if a value is encrypted with a key that the vault does not have. */
export async function refuseUnknownKeys(db: Db, { keyId, decryptionKeyId }: Vault): Promise<void> {
  for (const kind of sealedKinds) {
    const counts = await countByKey(db, kind);
    const unknown = counts.filter((one) => one.keyId !== keyId && one.keyId !== decryptionKeyId);
    const count = unknown.reduce((total, one) => total + one.count, 0);
    if (count > 0) throw new Error(wrongKeys(kind.kind, count));
  }
}

const wrongKeys = (kind: string, count: number): string =>
  `secret_encryption_key is not the key that this database was encrypted with: ${count} of ${kind} need another one. ` +
  "Give that one as secret_encryption_key, or as secret_decryption_key while it is being replaced";
