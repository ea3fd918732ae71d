import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { forFile } from "../../lib/for-file.ts";
import { drip, flood } from "../hostile-scene.ts";
import { createSource, failureOf, startOrchestration } from "../orchestration.ts";
import {
  type Attack,
  column,
  eof,
  error,
  greeting,
  ok,
  packet,
  result,
  row,
  startHostileMysql,
  switchTo,
} from "./hostile-mysql.ts";

const mesh = forFile(startOrchestration);

type Attacked = readonly [title: string, attack: Attack, text: RegExp];

const send =
  (...packets: Buffer[]) =>
  (socket: Socket) =>
    void socket.write(Buffer.concat(packets));

const closed = /closed the connection$/;

const silent: Attack[] = [
  { greeting: () => {} },
  { greeting: (socket) => drip(socket, greeting) },
  { login: () => {} },
];

const atLogin: Attacked[] = [
  ["closes", { greeting: (socket) => void socket.end() }, closed],
  ["closes in a packet", { greeting: (socket) => void socket.end(greeting.subarray(0, 9)) }, closed],
  [
    "another protocol",
    { greeting: send(Buffer.from("HTTP/1.1 301 Moved\r\n\r\n")) },
    /before the login is done$/,
  ],
  [
    "an old protocol",
    { greeting: send(packet(0, `\x09${"a".repeat(60)}`)) },
    /a greeting that is not supported$/,
  ],
  ["a short greeting", { greeting: send(packet(0, "\x0a8.0\0ab")) }, /a greeting that is not supported$/],
  ["16 MB", { greeting: send(packet(0, "\x0a", 0xff_ff_ff)) }, /more than 64 KiB before the login is done$/],
  [
    "two greetings",
    { greeting: send(greeting, packet(1, "\0")) },
    /a packet that nobody asked for$|out of its order$/,
  ],
  [
    "no host",
    { greeting: send(packet(0, "\xff\x6a\x04Host 'x' is not allowed")) },
    /answers: Host 'x' is not allowed$/,
  ],
  [
    "out of order",
    { login: (socket, next) => void socket.write(ok(next + 3)) },
    /a packet out of its order$/,
  ],
  ["an empty packet", { login: (socket, next) => void socket.write(packet(next, "")) }, /an empty packet$/],
  [
    "the password in the clear",
    { login: switchTo("mysql_clear_password") },
    /in the clear, which only goes over TLS$/,
  ],
  ["an unknown method", { login: switchTo("dialog") }, /asks for a login that is not supported/],
  ["a name of an object", { login: switchTo("__proto__") }, /asks for a login that is not supported/],
  [
    "the oldest method",
    { login: (socket, next) => void socket.write(packet(next, "\xfe")) },
    /not supported/,
  ],
  [
    "a further factor",
    { login: (socket, next) => void socket.write(packet(next, "\x02a\0b")) },
    /something else than an answer/,
  ],
  [
    "endless requests for more",
    { login: (socket, next) => flood(socket, packet(next, `\x01${"x".repeat(10_000)}`)) },
    /more than 64 KiB before the login is done$|out of its order$|can't be understood$|not supported$/,
  ],
];

const file = "/etc/passwd";

const atStatement: Attacked[] = [
  [
    "a request for a file",
    { query: send(packet(1, `\xfb${file}`)) },
    /a request for a file of this machine$/,
  ],
  [
    "a request for a file at a result",
    { execute: send(packet(1, `\xfb${file}`)) },
    /a request for a file of this machine$/,
  ],
  ["a packet of 2 MB", { query: send(packet(1, "\0", 2_000_000)) }, /a packet with 2000000 bytes$/],
  ["closes", { execute: (socket) => void socket.end() }, closed],
  [
    "closes in a row",
    { execute: (socket) => void socket.end(Buffer.concat([result, row(4, "abc").subarray(0, 6)])) },
    closed,
  ],
  ["endless columns", { prepare: (socket) => flood(socket, column(1)) }, /out of its order$/],
  [
    "a statement that can't be read",
    { prepare: send(packet(1, "\0")) },
    /can't be understood$|closed the connection$/,
  ],
  ["5,000 columns", { execute: send(packet(1, "\xfc\x88\x13")) }, /5000 columns, of which 4096 are taken/],
  ["no columns", { execute: send(packet(1, "\0")) }, /a result that can't be read$/],
  [
    "a column that is cut off",
    { execute: send(packet(1, "\x01"), packet(2, "\x03def\x7f")) },
    /columns that can't be read$/,
  ],
  [
    "a name of 2^60 bytes",
    { execute: send(packet(1, "\x01"), packet(2, "\xfe\0\0\0\0\0\0\0\x10a")) },
    /columns that can't be read$/,
  ],
  [
    "more columns",
    { execute: send(packet(1, "\x01"), column(2), column(3)) },
    /more columns than it announces$/,
  ],
  [
    "a row that is too short",
    { execute: send(result, packet(4, "\0\0\x05ab"), eof(5)) },
    /does not fit its columns$/,
  ],
  [
    "a row that is too long",
    { execute: send(result, packet(4, "\0\0\x01abc"), eof(5)) },
    /does not fit its columns$/,
  ],
  [
    "a value of 2^60 bytes",
    { execute: send(result, packet(4, "\0\0\xfe\0\0\0\0\0\0\0\x10a"), eof(5)) },
    /does not fit its columns$/,
  ],
  [
    "a text that is not UTF-8",
    { execute: send(result, row(4, "\xff\xfe"), eof(5)) },
    /has a text that is not UTF-8$/,
  ],
  ["a second result", { execute: send(result, row(4, "1"), eof(5, 0x0a)) }, /a second result$/],
  [
    "a row of 48 MB",
    {
      execute: send(
        result,
        packet(4, "x".repeat(0xff_ff_ff)),
        packet(5, "x".repeat(0xff_ff_ff)),
        packet(6, "", 0xff_ff_fe),
      ),
    },
    /a row takes \d+ bytes or more, of which 32 MiB/,
  ],
  [
    "an unknown type",
    {
      execute: send(
        packet(1, "\x01"),
        packet(2, column(2).subarray(4).toString("latin1").replace("\xfd", "\x63")),
        eof(3),
        eof(4),
      ),
    },
    /the type 99, which is not known$/,
  ],
  ["an error of a megabyte", { execute: send(error(1, 1105, "x".repeat(1_000_000))) }, /x{500}…$/],
];

/** A source on a hostile server. Both operations on it run at the same time, and their messages are compared. */
async function openHostile() {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startHostileMysql());
  const user = mesh().user();
  mesh().peers.addSecret(user.who, "password", "the password");
  const { settings } = server;
  const sourceId = await createSource(user, "mysql", settings);
  const owned = stack.move();
  return {
    server,
    async meets(attack: Attack, text: RegExp) {
      server.attack = attack;
      const [{ reason }, { message }] = await Promise.all([
        user.connectors.testConnection({ connector: "mysql", settings }),
        failureOf(user.executions.executeQuery({ sourceId, sql: "select a" })),
      ]);
      expect([reason, message]).toEqual([expect.stringMatching(text), expect.stringMatching(text)]);
      await expect.poll(() => server.connections.size).toBe(0);
      expect(server.received()).not.toContain("the password");
      expect(server.received()).not.toContain("root:");
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const hostile = forFile(openHostile);

test.each([...atLogin, ...atStatement])("refused: %s", (_, attack, text) => hostile().meets(attack, text));

test("refused after 5 s: servers that are silent, or nearly so", async () => {
  await Promise.all(
    silent.map(async (attack) => {
      await using source = await openHostile();
      await source.meets(attack, /does not answer within 5 s$/);
    }),
  );
});

test("OK: the server of these tests, when it keeps the protocol", async () => {
  const { server } = hostile();
  server.attack = {};
  const user = mesh().user();
  mesh().peers.addSecret(user.who, "password", "the password");
  const tested = user.connectors.testConnection({ connector: "mysql", settings: server.settings });
  expect(await tested).toMatchObject({ connected: true, serverVersion: "MySQL 8.0.36" });
});
