import { eq } from "drizzle-orm";
import { bigint, type PgSchema, text, uuid } from "drizzle-orm/pg-core";
import type { Db } from "../database/database.ts";
import type { Scope } from "../rpc/guard.ts";
import { zeroHash } from "./event-hash.ts";

/** Sequence and hash of the last event of a chain. */
export type ChainHead = { sequence: bigint; headHash: string };

/**
 * A service's table of the end of each organisation's chain of events. Export it from the service's schema.ts. Appends
 * are serialized by a lock on its row.
 */
export function chainsTable(schema: PgSchema) {
  return schema.table("chains", {
    orgId: uuid("org_id").primaryKey(),
    sequence: bigint("sequence", { mode: "bigint" }).notNull(),
    headHash: text("head_hash").notNull(),
  });
}

type ChainsTable = ReturnType<typeof chainsTable>;
type OfOrg = Pick<Scope, "orgId">;

/** The functions of a service's chains, for repositories. */
export const chainsIn = (table: ChainsTable) => ({
  find: (db: Db, scope: OfOrg): Promise<ChainHead | undefined> => findChain(db, scope, table),
  lock: (tx: Db, scope: OfOrg): Promise<ChainHead> => lockChain(tx, scope, table),
  advance: async (tx: Db, scope: OfOrg, head: ChainHead): Promise<void> => {
    await tx.update(table).set(head).where(eq(table.orgId, scope.orgId));
  },
});

async function findChain(db: Db, { orgId }: OfOrg, table: ChainsTable): Promise<ChainHead | undefined> {
  const [row] = await db.select().from(table).where(eq(table.orgId, orgId));
  return row;
}

/** Locks the end of the chain until the transaction ends. Creates the chain if it does not exist. */
async function lockChain(tx: Db, { orgId }: OfOrg, table: ChainsTable): Promise<ChainHead> {
  const locked = () => tx.select().from(table).where(eq(table.orgId, orgId)).for("update");
  const [known] = await locked();
  if (known) return known;
  await tx.insert(table).values({ orgId, sequence: 0n, headHash: zeroHash }).onConflictDoNothing();
  const [created] = await locked();
  if (!created) throw new Error("the chain is gone");
  return created;
}
