import type { PgColumn, PgTable } from "drizzle-orm/pg-core";
import { signingKeyContext } from "../credentials/signing-keys.ts";
import { secrets, signingKeys } from "../schema.ts";
import { secretContext } from "../secret-repository.ts";

/** A table with encrypted values in the columns `key_id`, `nonce` and `ciphertext`. */
export type SealedKind = {
  /** Its name in GetEncryptionStatus, and the table's. */
  readonly kind: string;
  readonly table: PgTable;
  /** Columns of the primary key, without nulls. */
  readonly key: readonly PgColumn[];
  /** Associated data of the encryption, from the values of these columns. */
  readonly contextOf: (key: readonly string[]) => readonly string[];
};

/** Everything that the vault encrypts. A test compares the list with the database's tables. */
export const sealedKinds: readonly SealedKind[] = [
  {
    kind: "secrets",
    table: secrets,
    key: [secrets.orgId, secrets.name],
    contextOf: ([orgId = "", name = ""]) => secretContext({ orgId }, name),
  },
  {
    kind: "signing_keys",
    table: signingKeys,
    key: [signingKeys.kid],
    contextOf: ([kid = ""]) => signingKeyContext(kid),
  },
];
