import { createHash } from "node:crypto";
import { eq } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { newSalt } from "../credentials/password.ts";
import { passwordSalts } from "./password-schema.ts";

/** The salt for passwords of an e-mail address, in all organisations. Concurrent calls get the same one. */
export async function saltOf(db: Db, email: string): Promise<string> {
  const address = createHash("sha256").update(email.toLowerCase()).digest("base64url");
  await db.insert(passwordSalts).values({ address, salt: newSalt() }).onConflictDoNothing();
  const [row] = await db
    .select({ salt: passwordSalts.salt })
    .from(passwordSalts)
    .where(eq(passwordSalts.address, address));
  if (!row) throw new Error("an address has no salt");
  return row.salt;
}
