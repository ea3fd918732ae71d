import { join } from "node:path";
import { duplexPair } from "node:stream";
import { Code } from "@connectrpc/connect";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { CrashSubject } from "../../gen/sluice/orchestration/v1/crashes_pb.ts";
import { findConfinement } from "../../services/orchestration/confinement/find-confinement.ts";
import { startEngineChild } from "../../services/orchestration/engine/processes/engine-child.ts";
import { openMessageChannel } from "../../services/orchestration/process/message-channel.ts";
import { forFile } from "../lib/for-file.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { crashed, crashesOf, crashingSql, freshJson, onlyCrashOf } from "./crashes.ts";
import { crashNextEngine, leftFiles } from "./engine-processes.ts";
import { startEngine, statementOn } from "./engines.ts";
import { plan, tablesOf } from "./extracts.ts";
import {
  createFileSource,
  eventually,
  failureOf,
  query,
  startOrchestration,
  type User,
} from "./orchestration.ts";

const mesh = forFile(startOrchestration);

const refused = (what: string, crashId: string) => ({
  code: Code.FailedPrecondition,
  reason: "QUARANTINED",
  fields: [],
  message: `${what} crashed the engine twice and is refused: release it by POST /api/v1/crashes/${crashId}:release`,
});

describe("a statement", () => {
  test("FailedPrecondition: what crashed twice is refused, for this file and in this organisation only", async () => {
    const user = mesh().user();
    const content = `n\n${Date.now()}\n`;
    const sourceId = await createFileSource(mesh(), user, "n.csv", content);
    const ask = (who = user, at = sourceId, sql = crashingSql) =>
      failureOf(who.executions.executeQuery({ sourceId: at, sql }));
    expect(await ask()).toEqual(crashed("n.csv"));
    expect(await ask()).toEqual(crashed("n.csv"));
    const { crashId } = await onlyCrashOf(user);
    expect(await ask()).toEqual(refused("the statement", crashId));
    expect(await ask(mesh().user({ orgId: user.who.orgId }))).toEqual(refused("the statement", crashId));

    expect((await query(user, sourceId, "SELECT count(*) FROM n")).rows).toEqual([["1"]]);
    const elsewhere = await createFileSource(mesh(), user, "m.csv", "m\n1\n");
    expect(await ask(user, elsewhere)).toEqual(crashed("m.csv"));
    const stranger = mesh().user();
    const copy = await createFileSource(mesh(), stranger, "n.csv", content);
    expect(await ask(stranger, copy)).toEqual(crashed("n.csv"));
    await eventually(() => leftFiles(mesh().folder)).toEqual([]);
  });

  test("OK: statements of a viewer that crash take nothing from others", async () => {
    const owner = mesh().user();
    const sourceId = await createFileSource(mesh(), owner, "shared.csv", `n\n${Date.now()}\n`);
    const viewer = mesh().user({ orgId: owner.who.orgId, roles: ["viewer"] });
    for (const sql of [crashingSql, `${crashingSql} AS a`, `${crashingSql} AS b`]) {
      const failure = await failureOf(viewer.executions.executeQuery({ sourceId, sql }));
      expect(failure).toEqual(crashed("shared.csv"));
    }
    const known = await crashesOf(owner);
    expect(known.map(({ subject, crashCount }) => [subject, crashCount])).toEqual(
      Array(3).fill([CrashSubject.STATEMENT, 1]),
    );
    expect((await owner.catalog.discover({ sourceId })).added).toHaveLength(1);
    expect((await query(owner, sourceId, "SELECT count(*) FROM shared")).rows).toEqual([["1"]]);
  });
});

describe("a file", () => {
  const refusedFile = async (user: User) => refused('the file "odd.json"', (await onlyCrashOf(user)).crashId);

  test("FailedPrecondition: a file that crashed twice at discovery is refused, to statements as well", async () => {
    const user = mesh().user();
    const sourceId = await createFileSource(mesh(), user, "odd.json", freshJson());
    const discover = () => failureOf(user.catalog.discover({ sourceId }));
    expect(await crashNextEngine(discover)).toEqual(crashed("odd.json"));
    expect(await crashNextEngine(discover)).toEqual(crashed("odd.json"));
    expect(await discover()).toEqual(await refusedFile(user));
    const asked = user.executions.executeQuery({ sourceId, sql: "FROM odd" });
    expect(await failureOf(asked)).toEqual(await refusedFile(user));
    expect((await onlyCrashOf(user)).subject).toBe(CrashSubject.FILE);
  });

  test("FailedPrecondition: a file that crashed twice at a plan is refused", async () => {
    const user = mesh().user();
    const sourceId = await createFileSource(mesh(), user, "odd.json", freshJson());
    const [tableId = ""] = Object.values(await tablesOf(user, sourceId));
    const fileId = mesh().peers.addFile(user.who, "odd.json", freshJson());
    await user.sources.updateSource({
      source: { sourceId, settings: { fileId } },
      updateMask: { paths: ["settings"] },
    });
    const planned = () => failureOf(plan(user, sourceId, [tableId]));
    expect(await crashNextEngine(planned)).toEqual(crashed("odd.json"));
    expect(await crashNextEngine(planned)).toEqual(crashed("odd.json"));
    expect(await planned()).toEqual(await refusedFile(user));
  });
});

const limit = () => ({ signal: AbortSignal.timeout(60_000), timeoutMs: 60_000 });

test("OK: a crash is one line of the log, with its cause", async () => {
  await using folder = await temporaryFolder();
  const lines: string[] = [];
  const log = pino({ level: "trace" }, { write: (line) => lines.push(line) });
  await using engine = await startEngine(folder.path, { log });
  const task = await statementOn(folder.path, "n\n1\n", crashingSql);
  await expect(engine.run(task, limit())).rejects.toMatchObject({ kind: "crashed" });
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({
      level: 50,
      task: "query",
      signal: "SIGSEGV",
      exitCode: null,
      endedByOthers: false,
      msg: "an engine process crashed",
    }),
  ]);
});

/** A message of the channel: length and text. */
function framed(text: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(Buffer.byteLength(text));
  return Buffer.concat([length, Buffer.from(text)]);
}

const reply = { kind: "failed", failure: "memory", message: "" };

describe("a process that sends what is no reply", () => {
  /** Starts a process that answers its task with these bytes. */
  async function askHostile(folder: string, bytes: Buffer) {
    const program = new URL("./hostile-engine.ts", import.meta.url);
    const { layers } = await findConfinement(1024 ** 3);
    const bounds = { folderPath: join(folder, "one"), layers, memoryBytes: 1024 ** 3 };
    const child = startEngineChild({ ...bounds, program });
    const task = await statementOn(folder, "n\n1\n", "FROM n");
    const sent = { spillDirectory: "spill", memoryBytes: 1024 ** 3, fileName: bytes.toString("hex") };
    return { child, answer: child.run({ ...task, ...sent }) };
  }

  test.each([
    [
      "a message that is too long",
      Buffer.from("ffffffff", "hex"),
      "a message of 4294967295 bytes, over 16777216",
    ],
    ["no JSON", framed("{"), "JSON"],
    ["another shape", framed('{"kind":"queried","result":{"rows":{}}}'), "invalid_type"],
    ["an unknown failure", framed('{"kind":"failed","failure":"fine","message":""}'), "failure"],
    ["a text that is too long", framed(JSON.stringify({ ...reply, message: "x".repeat(10_001) })), "too_big"],
  ])("crash: %s ends it", async (_, bytes, why) => {
    await using folder = await temporaryFolder();
    const { child, answer } = await askHostile(folder.path, bytes);
    await using _child = { [Symbol.asyncDispose]: () => child.kill() };
    expect(await answer).toEqual({
      exitCode: null,
      signal: "SIGKILL",
      stderrTail: expect.stringContaining(why),
      killedExternally: false,
    });
    expect(await answer).toMatchObject({ stderrTail: expect.stringMatching(/^it sent what is no reply: /) });
    expect(child.hasEnded()).toBe(true);
  });

  test("crash: a second reply, which no task waits for, ends it", async () => {
    await using folder = await temporaryFolder();
    const { child, answer } = await askHostile(
      folder.path,
      Buffer.concat([framed(JSON.stringify(reply)), framed(JSON.stringify({ ...reply, message: "again" }))]),
    );
    await using _child = { [Symbol.asyncDispose]: () => child.kill() };
    expect(await answer).toEqual(reply);
    await eventually(() => child.hasEnded()).toBe(true);
  });
});

test("OK: messages arrive whole, however they are cut and joined", async () => {
  const [near, far] = duplexPair();
  const received: unknown[] = [];
  openMessageChannel(near, 100, (message) => received.push(message));
  const bytes = Buffer.concat([framed('{"a":"ä"}'), framed("[]"), framed(`"${"x".repeat(98)}"`)]);
  for (const byte of bytes) far.write(Buffer.from([byte]));
  await eventually(() => received).toEqual([{ a: "ä" }, [], "x".repeat(98)]);
  far.write(bytes);
  await eventually(() => received.length).toBe(6);
});
