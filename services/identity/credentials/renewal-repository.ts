import { and, eq, gt, isNull, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { refreshTokens } from "../schema.ts";

// A token is looked up before the organisation is known, so this function takes no scope.

/** The login of a refresh token that was not exchanged and has not expired. The token stays as it is. */
export async function findLoginOfValidToken(db: Db, tokenSha256: string): Promise<string | undefined> {
  const [row] = await db
    .select({ loginId: refreshTokens.loginId })
    .from(refreshTokens)
    .where(
      and(
        eq(refreshTokens.tokenSha256, tokenSha256),
        isNull(refreshTokens.spentTime),
        gt(refreshTokens.expireTime, sql`now()`),
      ),
    );
  return row?.loginId;
}
