import { and, eq, getTableColumns, gt, inArray, isNull, notExists, or, type SQL, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { within } from "../../lib/database/scope.ts";
import { byCodePoints } from "../../lib/list/list-index.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import type { FileRow } from "../file-repository.ts";
import { type HoldKind, heldBy, isNotHeld } from "../holds/hold-repository.ts";
import { coldBlobs, files } from "../schema.ts";
import type { ScopedRule } from "./rule.ts";

/** A file, and the first rule that matches it. */
export type Match = {
  readonly file: FileRow;
  readonly rule: ScopedRule;
  /** What keeps the rule from the file; null for nothing. */
  readonly heldBy: HoldKind | null;
  readonly ageSeconds: number;
  readonly idleSeconds: number;
};

type Owner = Pick<Scope, "orgId" | "namespaces">;

/** Time of the current version. */
const uploadTime = sql`coalesce(${files.contentTime}, ${files.createTime})`;
const lastUse = sql`greatest(${uploadTime}, ${files.lastReadTime})`;
const secondsSince = (time: SQL) => sql<number>`extract(epoch from now() - ${time})::float8`;

/** The files that match a rule, in the order of their ids, after `afterId`. */
export async function listMatches(
  db: Db,
  owner: Owner,
  rules: readonly ScopedRule[],
  { afterId, limit, withHeld }: { afterId: string; limit: number; withHeld: boolean },
): Promise<Match[]> {
  if (rules.length === 0) return [];
  const conditions = rules.map((rule) => conditionOf(db, rule));
  const cases = conditions.map((condition, index) => sql`when ${condition} then ${index}::int`);
  const rows = await db
    .select({
      file: getTableColumns(files),
      ruleIndex: sql<number>`case ${sql.join(cases, sql` `)} end`,
      heldBy: heldBy(db),
      ageSeconds: secondsSince(uploadTime),
      idleSeconds: secondsSince(lastUse),
    })
    .from(files)
    .where(
      and(
        within(owner, files),
        gt(files.fileId, afterId),
        or(...conditions),
        withHeld ? undefined : isNotHeld(db),
      ),
    )
    .orderBy(files.fileId)
    .limit(limit);
  return rows.map(({ ruleIndex, ...row }) => ({ ...row, rule: rules[ruleIndex] as ScopedRule }));
}

/** Locks those of the files that still match the rule and are not on hold. */
export function lockMatching(
  tx: Db,
  owner: Owner,
  rule: ScopedRule,
  fileIds: readonly string[],
): Promise<FileRow[]> {
  return tx
    .select()
    .from(files)
    .where(
      and(within(owner, files), inArray(files.fileId, [...fileIds]), conditionOf(tx, rule), isNotHeld(tx)),
    )
    .orderBy(files.fileId)
    .for("update");
}

function conditionOf(db: Db, rule: ScopedRule): SQL | undefined {
  const { namespace, category, kind, prefix, tags = [], minAgeSeconds, minIdleSeconds, action } = rule;
  return and(
    isNull(files.deleteTime),
    eq(files.category, category),
    kind === undefined ? undefined : eq(files.kind, kind),
    tags.length === 0 ? undefined : sql`${files.tags} @> ${sql.param([...tags], files.tags)}`,
    namespace === "" ? undefined : eq(files.namespace, namespace),
    prefix === "" ? undefined : sql`starts_with(${byCodePoints(files.fullName)}, ${prefix})`,
    olderThan(uploadTime, minAgeSeconds),
    olderThan(lastUse, minIdleSeconds),
    action === "cool" ? notExists(coldCopy(db)) : undefined,
  );
}

const olderThan = (time: SQL, seconds: number | undefined) =>
  seconds === undefined ? undefined : sql`${time} <= now() - ${seconds}::float8 * interval '1 second'`;

const coldCopy = (db: Db) =>
  db
    .select({ one: sql`1` })
    .from(coldBlobs)
    .where(and(eq(coldBlobs.orgId, sql`${files.orgId}`), eq(coldBlobs.sha256, files.sha256)));
