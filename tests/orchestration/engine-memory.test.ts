import { readFileSync } from "node:fs";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { findConfinement } from "../../services/orchestration/confinement/find-confinement.ts";
import { createMemoryWatch } from "../../services/orchestration/engine/memory-watch.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { enginesOf, leftFiles, memoryOf, withMemoryPeaks } from "./engine-processes.ts";
import { startEngine, statementOn } from "./engines.ts";
import {
  createFileSource,
  eventually,
  failureOf,
  type Orchestration,
  query,
  startOrchestration,
} from "./orchestration.ts";

const mebibyte = 1024 ** 2;
const processMiB = 1536;
/** Tolerance: memory that is allocated between two samples of the watch. */
const overshoot = 1.25;

const attacks: readonly (readonly [string, string])[] = [
  ["a list of texts", "SELECT len(list_transform(range(100000000), x -> repeat('a', 100)))"],
  ["one text", "SELECT length(format('{:>2000000000}', 'x'))"],
  ["one list", "SELECT len(range(900000000))"],
  ["string_agg", "SELECT length(string_agg(repeat('a', 1000), ',')) FROM range(100000000)"],
  ["list", "SELECT len(list(range)) FROM range(2000000000)"],
  ["list by group", "SELECT range % 1000, list(repeat('x', 100)) FROM range(100000000) GROUP BY 1"],
  ["histogram", "SELECT histogram(range) FROM range(1000000000)"],
  ["a wide ORDER BY", "SELECT repeat('x', 100000) || range AS a FROM range(1000000) ORDER BY a DESC"],
  ["a window over everything", "SELECT list(range) OVER () FROM range(100000000)"],
  [
    "a growing window",
    "SELECT sum(length(a)) FROM (SELECT string_agg(range::VARCHAR, ',') OVER (ORDER BY range) AS a FROM range(1000000))",
  ],
];

type Attack = (sql: string) => ReturnType<typeof failureOf>;

/** Creates a user of a new organisation with a prepared file. */
async function attacker(mesh: Orchestration): Promise<Attack> {
  const user = mesh.user();
  const sourceId = await createFileSource(mesh, user, "n.csv", "n\n1\n");
  await query(user, sourceId, "FROM n");
  return (sql) => failureOf(user.executions.executeQuery({ sourceId, sql, timeout: { seconds: 100n } }));
}

describe("over the RPC", () => {
  let mesh: Orchestration;
  let attack: Attack;
  beforeAll(async () => {
    mesh = await startOrchestration();
    attack = await attacker(mesh);
  });
  afterAll(() => mesh[Symbol.asyncDispose]());

  test.each(attacks)("ResourceExhausted: %s, at once and within the process's limit", async (name, sql) => {
    const begun = performance.now();
    const { result, process, total } = await withMemoryPeaks(() => attack(sql));
    const took = Math.round(performance.now() - begun);
    console.info(`${name}: ${took} ms, at most ${process} MiB of one process and ${total} MiB of all`);
    expect(result).toEqual({
      code: Code.ResourceExhausted,
      reason: "MEMORY_LIMIT",
      fields: [],
      message: `it needs more memory than the ${processMiB} MiB that one execution has`,
    });
    expect(process).toBeLessThan(processMiB * overshoot);
    await eventually(() => leftFiles(mesh.folder)).toEqual([]);
  });

  test("OK: where memory is short the kernel ends an engine's process before any other", async () => {
    const scores = () => enginesOf().map((pid) => readFileSync(`/proc/${pid}/oom_score_adj`, "utf8").trim());
    await eventually(scores).toEqual(["1000"]);
  });
});

test("ResourceExhausted: four attacks at once stay within the memory of all processes", async () => {
  const totalMiB = 2048;
  await using mesh = await startOrchestration({ ENGINE_MEMORY_MIB: `${totalMiB}` });
  // Three users, because a user's fourth statement would be queued.
  const attackers: Attack[] = [];
  for (let count = 0; count < 4; count += 1) attackers.push(await attacker(mesh));
  const { result, process, total } = await withMemoryPeaks(() =>
    Promise.all(attackers.map((attack) => attack("SELECT list(range) OVER () FROM range(100000000)"))),
  );
  console.info(
    `four at once: at most ${process} MiB of one process and ${total} MiB of all, ${totalMiB} allowed`,
  );
  for (const failure of result) {
    expect(failure).toMatchObject({ code: Code.ResourceExhausted, reason: "MEMORY_LIMIT" });
  }
  expect(total).toBeLessThan(totalMiB * overshoot);
});

const limit = () => ({ signal: AbortSignal.timeout(100_000), timeoutMs: 100_000 });

test("ResourceExhausted: the watch ends a process that the kernel does not bound", async () => {
  await using folder = await temporaryFolder();
  const found = await findConfinement(processMiB * mebibyte);
  const confinement = { ...found, layers: found.layers.filter((layer) => layer !== "memory") };
  await using engine = await startEngine(folder.path, { confinement });
  const task = await statementOn(folder.path, "n\n1\n", "SELECT len(range(900000000))");
  const { result, process } = await withMemoryPeaks(() => engine.run(task, limit()).catch((error) => error));
  console.info(`without the kernel's limit: at most ${process} MiB of one process`);
  expect(result).toMatchObject({
    kind: "memory",
    message: `it needs more memory than the ${processMiB} MiB that one execution has`,
  });
  expect(process).toBeLessThan(processMiB * overshoot);
});

/** Allocates the row's number of MiB, then computes forever. */
const holdsMemory =
  "SELECT len(list) + levenshtein(a, b) FROM " +
  "(SELECT range(n * 131072) AS list, repeat('a', 1000000) AS a, repeat('b', 1000000) AS b FROM n)";

test("ResourceExhausted: of two that take too much together the larger one ends, and the other one goes on", async () => {
  await using folder = await temporaryFolder();
  // Far from what a process itself takes, which differs among machines.
  const memory = { processBytes: processMiB * mebibyte, totalBytes: 400 * mebibyte };
  await using engine = await startEngine(folder.path, { memory });
  const caller = new AbortController();
  const smaller = engine.run(await statementOn(folder.path, "n\n100\n", holdsMemory), {
    ...limit(),
    signal: caller.signal,
  });
  const left = expect(smaller).rejects.toThrow("the caller left");
  await eventually(() => Math.max(...enginesOf().map(memoryOf))).toBeGreaterThan(150 * mebibyte);
  const larger = engine.run(await statementOn(folder.path, "n\n250\n", holdsMemory), limit());
  await expect(larger).rejects.toMatchObject({
    kind: "memory",
    message:
      "all executions together need more memory than the 400 MiB that they have, and this one took the most",
  });
  expect(engine.status().busyCount).toBe(1);
  caller.abort(new Error("the caller left"));
  await left;
});

describe("the watch", () => {
  /** A watch over processes whose memory the test sets. */
  function watchOver(sizes: Record<number, number>) {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const watch = createMemoryWatch({ processBytes: 100, totalBytes: 150 }, (pid) => sizes[pid] ?? 0);
    const ended: string[] = [];
    const watched = Object.keys(sizes).map((pid) =>
      watch.watch({
        pid: Number(pid),
        group: undefined,
        onExcess: (excess) => ended.push(`${pid} ${excess}`),
      }),
    );
    return { watch, watched, ended };
  }

  test("OK: nobody ends at the limits themselves", () => {
    const { ended, watch } = watchOver({ 1: 100, 2: 50 });
    vi.advanceTimersByTime(1000);
    expect(ended).toEqual([]);
    expect(watch.usage()).toEqual({ busyCount: 2, memoryBytes: 150 });
  });

  test("ResourceExhausted: who is over the own limit ends, once, and does not count among all", () => {
    const { ended } = watchOver({ 1: 101, 2: 99, 3: 51 });
    vi.advanceTimersByTime(1000);
    expect(ended).toEqual(["1 process"]);
  });

  test("ResourceExhausted: of all the largest ends, and the next one only when that was not enough", () => {
    const sizes: Record<number, number> = { 1: 60, 2: 90, 3: 20 };
    const { ended } = watchOver(sizes);
    vi.advanceTimersByTime(1000);
    expect(ended).toEqual(["2 total"]);
    sizes[3] = 95;
    vi.advanceTimersByTime(1000);
    expect(ended).toEqual(["2 total", "3 total"]);
  });

  test("OK: nothing looks when nobody is watched any more, or the watch is given up", () => {
    const { ended, watched } = watchOver({ 1: 200 });
    for (const one of watched) one[Symbol.dispose]();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(1000);
    expect(ended).toEqual([]);
    const other = watchOver({ 1: 200 });
    other.watch[Symbol.dispose]();
    expect(vi.getTimerCount()).toBe(0);
  });
});
