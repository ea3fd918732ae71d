import { createPrivateKey } from "node:crypto";
import { type JWTPayload, SignJWT } from "jose";
import { createVault, type Sealed } from "../../services/identity/vault.ts";
import type { TestDatabase } from "../lib/test-database.ts";

/** An access token of the installation's own key, with any claims. */
export async function signToken(
  { sql }: Pick<TestDatabase, "sql">,
  encryptionKey: string,
  claims: object,
): Promise<string> {
  const [row] = await sql`select kid, key_id as "keyId", nonce, ciphertext from identity.signing_keys`;
  if (!row) throw new Error("no signing key");
  const pem = createVault(encryptionKey).open(row as unknown as Sealed, ["signing key", row.kid]);
  return new SignJWT(claims as JWTPayload)
    .setProtectedHeader({ alg: "EdDSA", typ: "JWT", kid: row.kid })
    .sign(createPrivateKey(pem));
}
