import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openPool } from "../../services/lib/database/database.ts";
import type { Scope } from "../../services/lib/rpc/guard.ts";
import { listLevels } from "../../services/orchestration/lineage/reach-repository.ts";
import { forFile } from "../lib/for-file.ts";
import { startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const pool = forFile(async () =>
  openPool({ url: mesh().config.databaseUrl, service: "orchestration", name: "test", connectionsMax: 1 }),
);
const seed = 20261130;

type Edge = { readonly from: number; readonly to: number; readonly hours: readonly [number, number] };
type Scene = { readonly hidden: readonly boolean[]; readonly edges: readonly Edge[] };

const size = 9;
const node = fc.nat(size - 1);
const hours = fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 }));
/** Dense enough for cycles, edges to the same entity, and several ways to one. */
const scene: fc.Arbitrary<Scene> = fc.record({
  hidden: fc.array(
    fc.nat(4).map((one) => one === 0),
    { minLength: size, maxLength: size },
  ),
  edges: fc.uniqueArray(
    fc.record({
      from: node,
      to: node,
      hours: hours.map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const),
    }),
    { minLength: 6, maxLength: 40, selector: ({ from, to }) => `${from} ${to}` },
  ),
});
const query = fc.record({
  direction: fc.constantFrom("upstream" as const, "downstream" as const),
  steps: fc.integer({ min: 1, max: 8 }),
  limit: fc.constantFrom(2, 3, 4, 20),
  isLimited: fc.boolean(),
  start: fc.option(fc.nat(9), { nil: undefined }),
  end: fc.option(fc.nat(9), { nil: undefined }),
});
type Query = typeof query extends fc.Arbitrary<infer Value> ? Value : never;

const timeOf = (hour: number) => `2026-11-20T0${hour}:00:00Z`;
/** Ids whose order is that of the numbers. */
const idOf = (one: number) => `00000000-0000-4000-8000-00000000000${one}`;

async function write(orgId: string, { hidden, edges }: Scene): Promise<void> {
  const { sql } = mesh().database;
  const entities = hidden.map((isHidden, one) => ({
    org_id: orgId,
    owner_namespace: isHidden ? "hidden" : "default",
    entity_id: idOf(one),
    kind: "dataset",
    namespace: "db",
    name: `${one}`,
  }));
  await sql`insert into orchestration.lineage_entities ${sql(entities)}`;
  const rows = edges.map((edge) => ({
    org_id: orgId,
    from_entity_id: idOf(edge.from),
    to_entity_id: idOf(edge.to),
    first_time: timeOf(edge.hours[0]),
    last_time: timeOf(edge.hours[1]),
  }));
  if (rows.length > 0) await sql`insert into orchestration.lineage_edges ${sql(rows)}`;
}

/** The same walk over the arrays. */
function expected(
  { hidden, edges }: Scene,
  { direction, steps, limit, isLimited, start, end }: Query,
): number[][] {
  const isShown = (one: number) => !isLimited || !hidden[one];
  if (!isShown(0)) return [];
  const levels = [[0]];
  const known = new Set([0]);
  while (levels.length <= steps && known.size < limit) {
    const next = edges
      .filter(
        ({ hours: [first, last] }) =>
          (start === undefined || last >= start) && (end === undefined || first < end),
      )
      .map(({ from, to }) => (direction === "upstream" ? [to, from] : [from, to]) as [number, number])
      .filter(([near, far]) => levels.at(-1)?.includes(near) && !known.has(far) && isShown(far))
      .map(([, far]) => far);
    const level = [...new Set(next)].sort().slice(0, limit);
    if (level.length === 0) break;
    levels.push(level);
    for (const one of level) known.add(one);
  }
  return levels;
}

test("OK: levels of random graphs, with cycles, periods, limits and entities of other namespaces", async () => {
  await fc.assert(
    fc.asyncProperty(scene, fc.array(query, { minLength: 4, maxLength: 4 }), async (graph, queries) => {
      const orgId = randomUUID();
      await write(orgId, graph);
      for (const one of queries) {
        const scope: Scope = {
          orgId,
          namespaces: one.isLimited ? ["default", "other"] : "all",
          principal: { orgId, userId: randomUUID(), roles: [] },
        };
        const period = {
          start: one.start === undefined ? undefined : timeOf(one.start),
          end: one.end === undefined ? undefined : timeOf(one.end),
        };
        const { direction, steps, limit } = one;
        const levels = await listLevels(pool().db, scope, direction, {
          start: idOf(0),
          steps,
          period,
          limit,
        });
        const wanted = expected(graph, one).map((level) => level.map(idOf));
        expect(levels).toEqual(wanted);
      }
    }),
    { seed, numRuns: 100, endOnFailure: true },
  );
});

test("OK: an entity of another organisation is the start of nothing", async () => {
  const orgId = randomUUID();
  await write(orgId, { hidden: Array(size).fill(false), edges: [{ from: 1, to: 0, hours: [0, 0] }] });
  const read = (org: string) =>
    listLevels(
      pool().db,
      { orgId: org, namespaces: "all", principal: { orgId: org, userId: randomUUID(), roles: [] } },
      "upstream",
      { start: idOf(0), steps: 5, period: { start: undefined, end: undefined }, limit: 10 },
    );
  expect(await read(randomUUID())).toEqual([]);
  expect(await read(orgId)).toEqual([[idOf(0)], [idOf(1)]]);
});
