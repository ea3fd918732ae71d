import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withinCall } from "../../services/lib/rpc/call.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { createLog } from "../../services/lib/telemetry/log.ts";
import { newId } from "../../services/lib/values/ids.ts";
import { findConfinement } from "../../services/orchestration/confinement/find-confinement.ts";
import type { Engine } from "../../services/orchestration/engine/engine.ts";
import { readMappedMemory, readPrivateMemory } from "../../services/orchestration/engine/memory-watch.ts";
import {
  type EngineChild,
  startEngineChild,
} from "../../services/orchestration/engine/processes/engine-child.ts";
import {
  createEnginePool,
  type EnginePool,
  type EnginePoolOptions,
} from "../../services/orchestration/engine/processes/engine-pool.ts";
import type { EngineOwner } from "../../services/orchestration/engine/processes/owner-tasks.ts";
import { untilGone } from "../lib/processes.ts";
import { principal, temporaryFolder } from "../lib/test-mesh.ts";
import { enginesOf } from "./engine-processes.ts";
import { startEngine, statementOn } from "./engines.ts";
import { eventually } from "./orchestration.ts";
import { simulatedClock } from "./simulated-clock.ts";

const memoryBytes = 1536 * 1024 ** 2;
const { signal } = new AbortController();
const limit = { signal, timeoutMs: 60_000 };

type Pool = AsyncDisposable & {
  pool: EnginePool;
  clock: ReturnType<typeof simulatedClock>;
  /** Runs a task of an owner in a process, which is idle again afterwards. */
  use(owner: EngineOwner): Promise<EngineChild>;
};

/** A pool of real processes with a simulated clock. */
async function startPool(options: Partial<EnginePoolOptions> = {}): Promise<Pool> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder());
  const { layers } = await findConfinement(memoryBytes);
  const startChild = () => startEngineChild({ folderPath: join(folder.path, newId()), layers, memoryBytes });
  const clock = simulatedClock();
  const log = createLog("engine", { logLevel: "silent" });
  const pool = stack.use(createEnginePool({ startChild, log, clock, ...options }));
  const owned = stack.move();
  return {
    pool,
    clock,
    async use(owner) {
      const child = await pool.take(owner, signal);
      pool.giveBack(child);
      await untilEmptied();
      return child;
    },
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

/** Folders are emptied in the background. One file-system call suffices for an empty one. */
const untilEmptied = async () => {
  for (let turn = 0; turn < 20; turn += 1) await stat(import.meta.filename);
};

const someone = (orgId = newId()): EngineOwner => ({ orgId, userId: newId() });
const isAlive = (child: EngineChild) => !child.hasEnded();

/** Requests a process as a call of this owner does. */
function asking(engine: Engine, task: Parameters<Engine["run"]>[0]) {
  const call = { requestId: "test", traceparent: undefined, tracestate: undefined, deadlineMs: undefined };
  return (who: Principal) =>
    withinCall({ ...call, principal: who, signal: limit.signal }, () => engine.run(task, limit));
}

test("OK: nothing is started before the first task, and one process is ready after it", async () => {
  await using folder = await temporaryFolder();
  await using engine = await startEngine(join(folder.path, "engine"));
  expect(enginesOf()).toEqual([]);
  await asking(engine, await statementOn(folder.path, "n\n1\n", "FROM n"))(principal());
  await eventually(() => enginesOf().length).toBe(2);
});

test("OK: a process does the tasks of one user of one organisation, however they come", async () => {
  await using started = await startPool({ idleMax: 3, shortTasksMax: 9 });
  const { pool } = started;
  const orgId = newId();
  const owners = [someone(orgId), someone(orgId), someone(), someone()];
  const servedBy = new Map<string, Set<string>>();
  const lent: EngineChild[] = [];
  for (let step = 0; step < 24; step += 1) {
    const owner = owners[(step * 7 + (step >> 2)) % owners.length] ?? someone();
    const child = await pool.take(owner, signal);
    // Process ids are reused; the name of a process's folder is not.
    const { path } = child.folder;
    for (const [other, paths] of servedBy) {
      if (other !== owner.userId) expect(paths).not.toContain(path);
    }
    servedBy.set(owner.userId, (servedBy.get(owner.userId) ?? new Set()).add(path));
    lent.push(child);
    if (lent.length > 2) pool.giveBack(lent.shift() ?? child);
    await untilEmptied();
  }
  expect(servedBy.size).toBe(owners.length);
});

test("OK: of more processes than are kept, the organisation that was served longest ago loses its own", async () => {
  await using started = await startPool({ idleMax: 2 });
  const [first, second, third] = [someone(), someone(), someone()];
  const processOfFirst = await started.use(first);
  const processOfSecond = await started.use(second);
  expect(await started.use(first)).toBe(processOfFirst);
  const processOfThird = await started.use(third);
  await eventually(() => [processOfFirst, processOfSecond, processOfThird].map(isAlive)).toEqual([
    true,
    false,
    true,
  ]);
});

test("OK: it loses its own although another organisation has an older process", async () => {
  await using started = await startPool({ idleMax: 2 });
  const [early, second] = [someone(), someone()];
  const oldest = await started.use(early);
  const ofSecond = await started.use(second);
  const ofColleague = await started.use(someone(early.orgId));
  await eventually(() => [oldest, ofSecond, ofColleague].map(isAlive)).toEqual([true, false, true]);
});

test("OK: a process that has done its number of tasks is replaced", async () => {
  await using started = await startPool({ tasksMax: 3 });
  const owner = someone();
  const first = await started.use(owner);
  expect(await started.use(owner)).toBe(first);
  expect(await started.use(owner)).toBe(first);
  await eventually(() => isAlive(first)).toBe(false);
  expect(await started.use(owner)).not.toBe(first);
});

test("OK: a process that grows without a task is ended, and one that has grown gets no task", async () => {
  const sizes = new Map<number, number>();
  await using started = await startPool({ readMemory: (pid) => sizes.get(pid) ?? 0 });
  const owner = someone();
  const first = await started.use(owner);
  sizes.set(first.pid ?? 0, 300 * 1024 ** 2);
  const second = await started.use(owner);
  expect(second).not.toBe(first);
  sizes.set(second.pid ?? 0, 300 * 1024 ** 2);
  started.clock.runUntil(1000);
  await eventually(() => [first, second].map(isAlive)).toEqual([false, false]);
});

test("OK: a process that keeps much mapped after its task is not used again", async () => {
  const mapped = new Map<number, number>();
  await using started = await startPool({
    mappedBytesMax: 2000,
    readMapped: (pid) => mapped.get(pid) ?? 1000,
  });
  const owner = someone();
  const first = await started.use(owner);
  expect(await started.use(owner)).toBe(first);
  mapped.set(first.pid ?? 0, 1400);
  expect(await started.use(owner)).toBe(first);
  await eventually(() => isAlive(first)).toBe(false);
  expect(await started.use(owner)).not.toBe(first);
});

test("OK: what a process has mapped is read from the system, and more than what it uses", () => {
  expect(readMappedMemory(process.pid)).toBeGreaterThan(readPrivateMemory(process.pid));
  expect(readMappedMemory(0)).toBe(0);
});

test("OK: without tasks every process is gone after half a minute, and no timer is left", async () => {
  await using started = await startPool();
  const owner = someone();
  await started.use(owner);
  await eventually(() => enginesOf().length).toBe(2);
  started.clock.runUntil(29_999);
  expect(enginesOf()).toHaveLength(2);
  started.clock.runUntil(30_000);
  await eventually(() => enginesOf()).toEqual([]);
  const tasksLater = started.clock.now();
  started.clock.runUntil(3_600_000);
  expect(tasksLater).toBe(30_000);
  expect(enginesOf()).toEqual([]);
});

test("OK: where short tasks of a user keep the machine busy, the next one waits for one of their processes", async () => {
  await using started = await startPool({ shortTasksMax: 1 });
  const { pool } = started;
  const owner = someone();
  const busy = await pool.take(owner, signal);
  const waiting = pool.take(owner, signal);
  const stranger = await pool.take(someone(), signal);
  expect(stranger).not.toBe(busy);
  pool.giveBack(busy);
  expect(await waiting).toBe(busy);
});

test("OK: a task that runs for long is not waited for", async () => {
  await using started = await startPool({ shortTasksMax: 1 });
  const owner = someone();
  const busy = await started.pool.take(owner, signal);
  const waiting = started.pool.take(owner, signal);
  started.clock.runUntil(250);
  expect(await waiting).not.toBe(busy);
});

test("OK: the task that waits goes on when the process that it waits for fails", async () => {
  await using started = await startPool({ shortTasksMax: 1 });
  const owner = someone();
  const busy = await started.pool.take(owner, signal);
  const waiting = started.pool.take(owner, signal);
  await started.pool.end(busy);
  expect(await waiting).not.toBe(busy);
});

test("Canceled: a task that waits goes away, and the process is kept for the next one", async () => {
  await using started = await startPool({ shortTasksMax: 1 });
  const owner = someone();
  const busy = await started.pool.take(owner, signal);
  const gone = new AbortController();
  const waiting = started.pool.take(owner, gone.signal);
  gone.abort(new Error("the caller has gone"));
  await expect(waiting).rejects.toThrow("the caller has gone");
  started.pool.giveBack(busy);
  await untilEmptied();
  expect(await started.pool.take(owner, signal)).toBe(busy);
});

test("Internal: a pool that stops ends tasks that wait, and every process", async () => {
  const started = await startPool({ shortTasksMax: 1 });
  const owner = someone();
  const busy = await started.pool.take(owner, signal);
  const waiting = started.pool.take(owner, signal).catch((error: Error) => error.message);
  const warm = await started.use(someone());
  await started[Symbol.asyncDispose]();
  expect(await waiting).toBe("the engine stops");
  expect([busy, warm].map(isAlive)).toEqual([false, false]);
  expect(enginesOf()).toEqual([]);
});

test("OK: a warm process that is killed, also while its next database is being opened, is replaced", async () => {
  await using folder = await temporaryFolder();
  await using engine = await startEngine(join(folder.path, "engine"));
  const who = principal();
  const ask = asking(engine, await statementOn(folder.path, "n\n1\n", "SELECT n FROM n"));
  for (let count = 0; count < 4; count += 1) {
    expect(await ask(who)).toMatchObject({ result: { rows: [["1"]] } });
    // The reply has been sent, and the process is opening its next database.
    const pids = enginesOf();
    for (const pid of pids) process.kill(pid, "SIGKILL");
    await untilGone(pids);
  }
  expect(await ask(who)).toMatchObject({ result: { rows: [["1"]] } });
});

test("OK: a statement that can't be run does not cost the process", async () => {
  await using folder = await temporaryFolder();
  await using engine = await startEngine(join(folder.path, "engine"));
  const who = principal();
  const refused = [
    ["SELECT missing FROM n", "sqlInvalid"],
    ["SELECT getenv('HOME')", "statementRefused"],
  ] as const;
  const good = asking(engine, await statementOn(folder.path, "n\n1\n", "FROM n"));
  await good(who);
  await eventually(() => enginesOf().length).toBe(2);
  const before = enginesOf();
  for (const [sql, kind] of refused) {
    const ask = asking(engine, await statementOn(folder.path, "n\n1\n", sql));
    await expect(ask(who)).rejects.toMatchObject({ kind });
  }
  await good(who);
  expect(enginesOf()).toEqual(expect.arrayContaining(before));
});

test("OK: what failed for another reason is not used again", async () => {
  await using folder = await temporaryFolder();
  await using engine = await startEngine(join(folder.path, "engine"));
  const path = join(folder.path, "ragged.csv");
  await writeFile(path, "a,b\n1\n");
  const task = { kind: "preview" as const, path, fileName: "n.csv", settings: {}, maxRows: 1 };
  await expect(asking(engine, task)(principal())).rejects.toMatchObject({ kind: "sourceDataInvalid" });
  await eventually(() => enginesOf().length).toBe(1);
});
