import type { Db } from "../../lib/database/database.ts";
import { takeAdvances } from "./reservation-repository.ts";
import { changeUsage } from "./usage-repository.ts";

/**
 * Frees what running uploads of unknown size, one excepted, hold in advance, so that content that fits is not refused. The
 * usage is locked.
 */
export async function reclaim(tx: Db, orgId: string, exceptId?: string): Promise<void> {
  const changes = await takeAdvances(tx, orgId, exceptId);
  if (changes.length > 0) await changeUsage(tx, orgId, changes);
}
