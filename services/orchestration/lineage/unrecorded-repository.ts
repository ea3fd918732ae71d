import { and, asc, eq, gt, isNull } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { executions, sources } from "../schema.ts";
import { lineageEntities } from "./lineage-schema.ts";

/** A succeeded execution whose lineage is not recorded. */
export type UnrecordedExecution = {
  readonly executionId: string;
  readonly orgId: string;
  readonly namespace: string;
  readonly creatorUserId: string;
  /** Null for a statement over the catalog. */
  readonly sourceId: string | null;
  /** Null if its source was deleted. */
  readonly connector: string | null;
  readonly sql: string;
};

/** Unrecorded executions of all organisations after an id, ordered by id. */
export function listUnrecordedExecutions(
  db: Db,
  after: string,
  limit: number,
): Promise<UnrecordedExecution[]> {
  const { executionId, orgId, namespace, creatorUserId, sourceId, sql } = executions;
  return db
    .select({ executionId, orgId, namespace, creatorUserId, sourceId, connector: sources.connector, sql })
    .from(executions)
    .leftJoin(sources, and(eq(sources.orgId, orgId), eq(sources.sourceId, sourceId)))
    .leftJoin(
      lineageEntities,
      and(eq(lineageEntities.orgId, orgId), eq(lineageEntities.entityId, executionId)),
    )
    .where(and(eq(executions.state, "succeeded"), isNull(lineageEntities.entityId), gt(executionId, after)))
    .orderBy(asc(executionId))
    .limit(limit);
}
