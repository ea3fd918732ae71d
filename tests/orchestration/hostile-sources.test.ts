import type { Socket } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { extractChunk, plan, tablesOf } from "./extracts.ts";
import { createDatabaseSource, type ForeignDatabase, startForeignDatabase } from "./foreign-database.ts";
import { type Attack, loggedIn, startHostileServer } from "./hostile-server.ts";
import {
  createSource,
  failureOf,
  type Orchestration,
  query,
  startOrchestration,
  type User,
} from "./orchestration.ts";
import {
  authentication,
  columns,
  complete,
  copyOutResponse,
  errorResponse,
  message,
  notice,
  parameterStatus,
  readyForQuery,
  row,
} from "./server-messages.ts";

let mesh: Orchestration;
let foreign: ForeignDatabase;
/** Somebody else, with a source that is well. */
let other: { user: User; sourceId: string };
const delay = monitorEventLoopDelay();
beforeAll(async () => {
  mesh = await startOrchestration();
  foreign = await startForeignDatabase();
  const user = mesh.user();
  other = { user, sourceId: await createDatabaseSource(mesh, user, foreign) };
  delay.enable();
});
afterAll(async () => {
  delay.disable();
  await foreign[Symbol.asyncDispose]();
  await mesh[Symbol.asyncDispose]();
});

/** Sends something again and again, as fast as it is taken, until the connection is closed. */
function flood(socket: Socket, piece: Buffer): void {
  const send = () => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on("drain", send);
  send();
}

/** Sends a byte at a time, each before the last one is missed. */
function drip(socket: Socket, bytes: Buffer): void {
  let at = 0;
  const timer = setInterval(() => socket.write(bytes.subarray(at, ++at)), 250);
  socket.on("close", () => clearInterval(timer));
}

const send =
  (...messages: Buffer[]) =>
  (socket: Socket) =>
    void socket.write(Buffer.concat(messages));
const names = (count: number) => Array.from({ length: count }, (_, index) => `c${index}`);
const scram = (challenge: string) => (socket: Socket) => {
  socket.write(authentication(10, "SCRAM-SHA-256\0\0"));
  socket.once("data", () => socket.once("data", () => {}));
  // The client's first message has the beginning of the nonce; whether it is kept is not looked at before the hash.
  socket.write(authentication(11, challenge));
};
const hello = "HTTP/1.1 301 Moved Permanently\r\nLocation: http://127.0.0.1/\r\n\r\n";

type Attacked = readonly [title: string, attack: Attack, text: RegExp];

const atLogin: Attacked[] = [
  ["silent", { login: () => {} }, /does not answer within 5 s$/],
  ["a byte at a time", { login: (socket) => drip(socket, loggedIn) }, /does not answer within 5 s$/],
  ["closes", { login: (socket) => void socket.end() }, /closed the connection$/],
  [
    "closes in a message",
    { login: (socket) => void socket.end(loggedIn.subarray(0, 7)) },
    /closed the connection$/,
  ],
  [
    "endless parameters",
    { login: (socket) => flood(socket, parameterStatus("a", "b".repeat(100))) },
    /more than 64 KiB before the login is done$/,
  ],
  [
    "endless notices",
    { login: (socket) => flood(socket, notice("x".repeat(1000))) },
    /more than 64 KiB before the login is done$/,
  ],
  [
    "30,000,000 iterations",
    { login: scram("r=abc,s=c2FsdA==,i=30000000") },
    /asks to hash the password 30000000 times: 1000000 are taken at the most$/,
  ],
  [
    "iterations that are no number",
    { login: scram("r=abc,s=c2FsdA==,i=x") },
    /asks for a login that is not supported$/,
  ],
  ["a challenge without anything", { login: scram("") }, /asks for a login that is not supported$/],
  [
    "a challenge that was not begun",
    { login: send(authentication(11, "r=abc,s=c2FsdA==,i=4096")) },
    /asks for a login that is not supported$/,
  ],
  [
    "challenge after challenge",
    { login: scram("r=abc,s=c2FsdA==,i=1\0") },
    /asks for a login that is not supported$/,
  ],
  [
    "lets in without proof that it knows the password",
    {
      login: (socket) => {
        scram("r=abc,s=c2FsdA==,i=4096")(socket);
        socket.write(authentication(0));
      },
    },
    /asks for a login that is not supported$/,
  ],
  ["Kerberos", { login: send(authentication(7)) }, /asks for a login that is not supported$/],
  [
    "ready before it let us in",
    { login: send(readyForQuery) },
    /it sends that it is ready before it let us in$/,
  ],
  ["a length of 0", { login: send(message("R", "", 0)) }, /it sends a message of 0 bytes$/],
  ["a length of 3", { login: send(message("R", "", 3)) }, /it sends a message of 3 bytes$/],
  [
    "a length of 2^31-1",
    { login: send(message("R", "", 2 ** 31 - 1)) },
    /more than 64 KiB before the login is done$/,
  ],
  ["a negative length", { login: send(message("R", "", -1)) }, /more than 64 KiB before the login is done$/],
  ["an answer of HTTP", { login: (socket) => void socket.end(hello) }, /it sends a message of kind "H"$/],
  [
    "a redirection in words",
    { login: send(errorResponse("08006", "use 10.0.0.1:5432 instead")) },
    /answers: use 10\.0\.0\.1:5432 instead$/,
  ],
  [
    "an error of 64 MiB",
    { login: (socket) => flood(socket, message("E", "x".repeat(1000), 64 * 1024 ** 2)) },
    /more than 64 KiB before the login is done$/,
  ],
  [
    "rows before anything is asked",
    { login: send(loggedIn, columns(["a"]), row(["1"]), message("D", "\0\x05")) },
    /a row that does not fit its columns$/,
  ],
  [
    "a key that is too short",
    { login: send(authentication(0), message("K", "\0"), readyForQuery) },
    /a key that is too short$/,
  ],
];

const atStatement: Attacked[] = [
  ["closes", { statement: (socket) => void socket.end() }, /closed the connection$/],
  [
    "closes in a row",
    { statement: (socket) => void socket.end(Buffer.concat([columns(["a"]), row(["abc"]).subarray(0, 9)])) },
    /closed the connection$/,
  ],
  [
    "a gigabyte of notices",
    { statement: (socket) => flood(socket, notice("x".repeat(10_000))) },
    /more than 1024 KiB of notices$/,
  ],
  [
    "endless parameters",
    { statement: (socket) => flood(socket, parameterStatus("a", "b".repeat(1000))) },
    /more than 1024 KiB of notices$/,
  ],
  [
    "endless rows",
    {
      statement: (socket) => {
        socket.write(columns(["a"]));
        flood(socket, row(["x".repeat(60_000)]));
      },
    },
    /the rows are too large/,
  ],
  [
    "a cell of 2 GB",
    { statement: send(columns(["a"]), message("D", "\0\x01", 2 ** 31 - 1)) },
    /the rows are too large/,
  ],
  [
    "a row of negative length",
    { statement: send(columns(["a"]), message("D", "\0\x01", -5)) },
    /the rows are too large/,
  ],
  [
    "a row of length 2",
    { statement: send(columns(["a"]), message("D", "", 2)) },
    /it sends a message of 2 bytes$/,
  ],
  [
    "10,000 columns",
    { statement: send(columns(names(10_000))) },
    /the result has 10000 columns, of which 1664 are taken: select fewer$/,
  ],
  [
    "columns whose names do not end",
    { statement: send(message("T", "\0\x05abc")) },
    /columns that can't be read$/,
  ],
  [
    "fewer columns than it says",
    { statement: send(message("T", Buffer.concat([Buffer.from([0, 9]), columns(["a"]).subarray(7)]))) },
    /columns that can't be read$/,
  ],
  ["a row without columns", { statement: send(row(["1"])) }, /a row that does not fit its columns$/],
  [
    "a row with more values than columns",
    { statement: send(columns(["a"]), row(["1", "2"])) },
    /a row that does not fit its columns$/,
  ],
  [
    "a value longer than its row",
    { statement: send(columns(["a"]), message("D", "\0\x01\0\0\0\x7fabc")) },
    /a row that does not fit its columns$/,
  ],
  [
    "an error of 64 MiB",
    { statement: send(message("E", "x", 64 * 1024 ** 2)) },
    /a message of kind "E" with 67108864 bytes$/,
  ],
  [
    "a copy that nobody asked for",
    { statement: send(copyOutResponse, message("d", "1\n")) },
    /rows that were not asked for$/,
  ],
  ["asks for a copy", { statement: send(message("G", "\0\0\0")) }, /a message of kind "G"$/],
  ["asks for the password again", { statement: send(authentication(3)) }, /a message of kind "R"$/],
  ["bytes of no protocol", { statement: send(Buffer.from([0, 0, 0, 0, 9, 9])) }, /a message of kind 0$/],
];

/** The source of somebody of an organisation of their own on the server, and every way to ask it. */
async function registered(settings: object) {
  const user = mesh.user();
  mesh.peers.addSecret(user.who, "password", "x");
  const sourceId = await createSource(user, "postgresql", settings as never);
  const { t = "" } = await tablesOf(user, sourceId);
  return {
    user,
    t,
    sourceId,
    operations: {
      test: async () =>
        (await user.connectors.testConnection({ connector: "postgresql", settings: settings as never }))
          .reason,
      discover: async () => (await failureOf(user.catalog.discover({ sourceId }))).message,
      plan: async () => (await failureOf(plan(user, sourceId, [t]))).message,
      query: async () =>
        (await failureOf(user.executions.executeQuery({ sourceId, sql: "select 1" }))).message,
    },
  };
}

/** All operations meet the attack with the text, while somebody else's query is answered. */
async function meetsAttack(attack: Attack, text: RegExp): Promise<void> {
  await using server = await startHostileServer();
  const { operations } = await registered(server.settings);
  server.attack = attack;
  const asked = Object.entries(operations).map(async ([name, ask]) => [name, await ask()]);
  expect((await query(other.user, other.sourceId, "select 1 as one")).rows).toEqual([[1]]);
  for (const [, said] of await Promise.all(asked)) expect(said).toMatch(text);
  await expect.poll(() => server.connections.size).toBe(0);
}

describe("a source that attacks who logs in", () => {
  test.for(atLogin)("refused in clear words: %s", { timeout: 60_000 }, ([, attack, text]) =>
    meetsAttack(attack, text),
  );
});

describe("a source that attacks who asks", () => {
  test.for(atStatement)("refused in clear words: %s", { timeout: 60_000 }, ([, attack, text]) =>
    meetsAttack(attack, text),
  );

  test.for([
    ["silent", { statement: () => {} }],
    ["a byte at a time", { statement: (socket) => drip(socket, columns(names(100))) }],
  ] satisfies [string, Attack][])(
    "DeadlineExceeded: %s, also without a key to cancel by",
    async ([, attack]) => {
      await using server = await startHostileServer();
      const { user, sourceId } = await registered(server.settings);
      server.attack = { ...attack, login: send(authentication(0), readyForQuery) };
      const call = failureOf(
        user.executions.executeQuery({ sourceId, sql: "select 1", timeout: { seconds: 2n } }),
      );
      expect((await query(other.user, other.sourceId, "select 1 as one")).rows).toEqual([[1]]);
      expect(await call).toMatchObject({
        code: Code.DeadlineExceeded,
        message: "the statement ran longer than the 2 s that `timeout` allows",
      });
      await expect.poll(() => server.connections.size).toBe(0);
    },
  );

  test.for([
    ["nothing of what was asked", send(complete("FETCH 1"), readyForQuery)],
    [
      "another count of rows than it sends",
      send(columns(["a"]), row(["1"]), complete("FETCH 5"), readyForQuery),
    ],
  ] satisfies [string, (socket: Socket) => void][])("no internal error: %s", async ([, statement]) => {
    await using server = await startHostileServer();
    const { operations } = await registered(server.settings);
    server.attack = { statement };
    for (const ask of Object.values(operations)) {
      expect(await ask().catch(() => "it was answered")).not.toMatch(/internal/);
    }
  });
});

describe("a source that attacks who copies", () => {
  const head = [copyOutResponse, message("d", "1\n")];
  test.for([
    [
      "a row of 2 GB",
      send(...head, message("d", "2", 2 ** 31 - 1)),
      /a row takes 2147483647 bytes as text, of which 32 MiB are taken/,
    ],
    [
      "a gigabyte of notices",
      (socket) => {
        socket.write(Buffer.concat(head));
        flood(socket, notice("x".repeat(10_000)));
      },
      /more than 1024 KiB of notices$/,
    ],
    [
      "fewer rows than it says",
      send(...head, message("c"), complete("COPY 2"), readyForQuery),
      /the source says that it sent 2 rows, and sent 1$/,
    ],
    ["no end of the rows", send(...head, message("c"), readyForQuery), /does not say that it sent all rows$/],
    [
      "an end without a beginning",
      send(complete("COPY 1"), readyForQuery),
      /the source says that it sent 1 rows, and sent 0$/,
    ],
    ["closes", (socket) => void socket.end(Buffer.concat(head)), /closed the connection$/],
    [
      "closes in a row",
      (socket) => void socket.end(Buffer.concat([...head, message("d", "2", 100)])),
      /closed the connection$/,
    ],
    [
      "rows behind the end",
      send(...head, message("c"), message("d", "2\n")),
      /rows that were not asked for$/,
    ],
    [
      "an error of 64 MiB",
      send(...head, message("E", "x", 64 * 1024 ** 2)),
      /a message of kind "E" with 67108864 bytes$/,
    ],
    ["asks for a login", send(...head, authentication(3)), /a message of kind "R"$/],
    [
      "is a standby that cancels",
      send(
        ...head,
        errorResponse("40001", "canceling statement due to conflict with recovery"),
        readyForQuery,
      ),
      /^the source gave the statement up: canceling statement due to conflict with recovery$/,
    ],
  ] satisfies [string, (socket: Socket) => void, RegExp][])(
    "refused in clear words: %s",
    async ([, copy, text]) => {
      await using server = await startHostileServer();
      const { user, sourceId, t } = await registered(server.settings);
      const planned = await plan(user, sourceId, [t]);
      server.attack = { copy };
      const call = failureOf(extractChunk(user, planned, { tableIndex: 0, range: "all" }));
      expect((await query(other.user, other.sourceId, "select 1 as one")).rows).toEqual([[1]]);
      expect((await call).message).toMatch(text);
      await user.extracts.closeSnapshot({ snapshotId: planned.snapshotId });
    },
  );
});

test("ResourceExhausted: rows that never end on many connections take the memory of their source's process only", async () => {
  await using server = await startHostileServer();
  const { user, sourceId, t } = await registered(server.settings);
  const heldBytes = 60 * 1024 * 1024;
  const pieces = Array.from({ length: 60 }, () => Buffer.alloc(1024 * 1024));
  // All of a row but its last byte.
  server.attack = { statement: send(columns(["a"]), message("D", "", heldBytes + 5), ...pieces) };
  const timeout = { seconds: 100n };
  const calls = [
    ...Array.from({ length: 6 }, () => user.executions.executeQuery({ sourceId, sql: "select 1", timeout })),
    ...Array.from({ length: 4 }, () => plan(user, sourceId, [t])),
  ].map(failureOf);
  expect((await query(other.user, other.sourceId, "select 1 as one")).rows).toEqual([[1]]);
  for (const failure of await Promise.all(calls)) {
    expect(failure).toEqual({
      code: Code.ResourceExhausted,
      reason: "EXECUTION_LIMIT",
      fields: [],
      message: "the source was cut off: its answers take more memory than one source may use",
    });
  }
});

test("the process that serves calls was never kept busy by a source", () => {
  // In nanoseconds. A source that had it hash passwords kept it for at least six seconds.
  expect(delay.max / 1e9).toBeLessThan(3);
});
