import type { Socket } from "node:net";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { extractChunk, plan } from "./extracts.ts";
import { type Attacked, drip, flood, names, send, startHostileScene } from "./hostile-scene.ts";
import { type Attack, startHostileServer } from "./hostile-server.ts";
import { failureOf } from "./orchestration.ts";
import {
  authentication,
  columns,
  complete,
  copiedRow,
  copyOutResponse,
  copyTrailer,
  errorResponse,
  int16,
  int32,
  message,
  notice,
  parameterStatus,
  readyForQuery,
  row,
} from "./server-messages.ts";

const scene = forFile(startHostileScene);

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
    // Unread input counts as memory of the process. The error names the bound that is reached first.
    /the rows are too large|take more memory than one source may use/,
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

describe("a source that attacks who asks", () => {
  test.for(atStatement)("refused in clear words: %s", { timeout: 60_000 }, ([, attack, text]) =>
    scene().meetsAttack(attack, text),
  );

  test.for([
    ["silent", { statement: () => {} }],
    ["a byte at a time", { statement: (socket) => drip(socket, columns(names(100))) }],
  ] satisfies [string, Attack][])(
    "DeadlineExceeded: %s, also without a key to cancel by",
    async ([, attack]) => {
      await using server = await startHostileServer();
      const { user, sourceId } = await scene().registered(server.settings);
      server.attack = { ...attack, login: send(authentication(0), readyForQuery) };
      const call = failureOf(
        user.executions.executeQuery({ sourceId, sql: "select 1", timeout: { seconds: 2n } }),
      );
      await scene().otherSucceeds();
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
    const { operations } = await scene().registered(server.settings);
    server.attack = { statement };
    for (const ask of Object.values(operations)) {
      expect(await ask().catch(() => "it was answered")).not.toMatch(/internal/);
    }
  });
});

describe("a source that attacks who copies", () => {
  const head = [copyOutResponse, copiedRow];
  const tail = [copyTrailer, message("c"), complete("COPY 2"), readyForQuery];
  test.for([
    [
      "a row of 2 GB",
      send(...head, message("d", "2", 2 ** 31 - 1)),
      /a row takes 2147483647 bytes, of which 32 MiB are taken/,
    ],
    [
      "a gigabyte of notices",
      (socket) => {
        socket.write(Buffer.concat(head));
        flood(socket, notice("x".repeat(10_000)));
      },
      /more than 1024 KiB of notices$/,
    ],
    ["fewer rows than it says", send(...head, ...tail), /the source says that it sent 2 rows, and sent 1$/],
    ["no end of the rows", send(...head, message("c"), readyForQuery), /does not say that it sent all rows$/],
    [
      "an end without a beginning",
      send(complete("COPY 1"), readyForQuery),
      /what the source sent is no binary COPY: it breaks off$/,
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
    [
      "no trailer behind the rows",
      send(...head, message("c"), complete("COPY 1"), readyForQuery),
      /what the source sent is no binary COPY: it breaks off$/,
    ],
    [
      "rows behind the trailer",
      send(...head, copyTrailer, message("d", int16(1)), message("c"), complete("COPY 1"), readyForQuery),
      /what the source sent is no binary COPY: there is something behind the last row$/,
    ],
    [
      "rows of text",
      send(copyOutResponse, message("d", "1\n".repeat(20)), message("c"), complete("COPY 20"), readyForQuery),
      /what the source sent is no binary COPY: it does not begin as one$/,
    ],
    [
      "a row of more values",
      send(...head, message("d", Buffer.concat([int16(2), Buffer.alloc(8)])), ...tail),
      /what the source sent is no binary COPY: a row has 2 values instead of 1$/,
    ],
    [
      "a value of a negative length",
      send(...head, message("d", Buffer.concat([int16(1), int32(-2)])), ...tail),
      /what the source sent is no binary COPY: a value has a negative length$/,
    ],
    [
      "a value of another width",
      send(...head, message("d", Buffer.concat([int16(1), int32(2), int16(7)])), ...tail),
      /column "id": a value has 2 bytes instead of 4$/,
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
      const { user, sourceId, t } = await scene().registered(server.settings);
      const planned = await plan(user, sourceId, [t]);
      server.attack = { copy };
      const call = failureOf(extractChunk(user, planned, { tableIndex: 0, range: "all" }));
      await scene().otherSucceeds();
      expect((await call).message).toMatch(text);
      await user.extracts.closeSnapshot({ snapshotId: planned.snapshotId });
    },
  );
});

test("ResourceExhausted: rows that never end on many connections take the memory of their source's process only", async () => {
  await using server = await startHostileServer();
  const { user, sourceId, t } = await scene().registered(server.settings);
  const heldBytes = 60 * 1024 * 1024;
  const chunks = Array.from({ length: 60 }, () => Buffer.alloc(1024 * 1024));
  // A row without its last byte.
  server.attack = { statement: send(columns(["a"]), message("D", "", heldBytes + 5), ...chunks) };
  const timeout = { seconds: 100n };
  const calls = [
    ...Array.from({ length: 6 }, () => user.executions.executeQuery({ sourceId, sql: "select 1", timeout })),
    ...Array.from({ length: 4 }, () => plan(user, sourceId, [t])),
  ].map(failureOf);
  await scene().otherSucceeds();
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
  expect(scene().busySeconds()).toBeLessThan(3);
});
