import { once } from "node:events";
import { connect } from "node:net";
import { PassThrough } from "node:stream";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { createLog } from "../../services/lib/telemetry/log.ts";
import { createAddressGuard } from "../../services/orchestration/connectors/network/address-guard.ts";
import { securityOf } from "../../services/orchestration/connectors/network/connection-security.ts";
import { parseArray } from "../../services/orchestration/connectors/postgresql/catalog/array-text.ts";
import { createPostgresqlRows } from "../../services/orchestration/connectors/postgresql/postgresql-rows.ts";
import { copyOut } from "../../services/orchestration/connectors/postgresql/session/copy-out.ts";
import { postgresqlSettings } from "../../services/orchestration/connectors/postgresql/target/settings.ts";
import { createSqlOperations } from "../../services/orchestration/connectors/sql/sql-operations.ts";
import { deserializeValue, serializeValue } from "../../services/orchestration/source-process/protocol.ts";
import type { resolveHost } from "../../services/orchestration/source-process/resolve-host.ts";
import {
  createSourceProcesses,
  type SourceProcesses,
} from "../../services/orchestration/source-process/source-processes.ts";
import { listProcesses, untilGone } from "../lib/processes.ts";
import { listen } from "../lib/tcp.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { watchMemory } from "./engines.ts";
import { startHostileServer } from "./hostile-server.ts";
import { configOf, eventually, failureOf } from "./orchestration.ts";
import { copyOutResponse, message } from "./server-messages.ts";

const { sourceAddressAllow } = configOf({
  databaseUrl: "postgres://127.0.0.1/d",
  folder: "/nowhere",
  peers: { address: "127.0.0.1:1" } as never,
});

test("a name that stands for another address after it was checked: the checked one is connected to", async () => {
  await using server = await startHostileServer();
  const responses = ["127.0.0.1", "10.0.0.1"];
  const lookup = async () => responses.splice(0, 1);
  const addresses = await createAddressGuard(sourceAddressAllow)("moving.invalid", lookup);
  // The second address would be refused, and the name itself does not resolve.
  const settings = postgresqlSettings.parse({ ...server.settings, host: "moving.invalid" });
  const { host, port } = settings;
  const route = { host, port, addresses, security: securityOf(settings, addresses, undefined) };
  const target = { settings, password: "x", route, ownDatabase: "0/0" };
  const { signal } = new AbortController();
  const operations = createSqlOperations(new Map([["postgresql", createPostgresqlRows()]]));
  const request = { connector: "postgresql", login: target, timeoutMs: 10_000 };
  expect(await operations.testDatabase(request, { signal, send: () => {} })).toEqual({
    serverVersion: "PostgreSQL 18.4",
  });
  expect(responses).toEqual(["10.0.0.1"]);
  const moved = createAddressGuard(sourceAddressAllow)("moving.invalid", lookup);
  expect(await failureOf(moved)).toMatchObject({ reason: "ADDRESS_REFUSED" });
});

test("Unavailable: a server that sends nothing although its rows are waited for", async () => {
  await using server = await listen((socket) =>
    socket.write(Buffer.concat([copyOutResponse, message("d", "1\n")])),
  );
  const socket = connect(server.port, "127.0.0.1");
  await once(socket, "connect");
  const sink = new PassThrough();
  sink.resume();
  expect(await failureOf(copyOut(socket, "copy t to stdout", sink, 200))).toMatchObject({
    code: Code.Unavailable,
    reason: "SOURCE_UNREACHABLE",
    message: "the source was cut off: it sent nothing for 0.2 s",
  });
  socket.destroy();
});

test("values cross to the serving process as they are", () => {
  const values = [-0, 1n, undefined, null, "\0\ud83d\ude00", new Date(0), [{ a: [] }]];
  expect(deserializeValue(serializeValue(values))).toEqual(values);
});

test("a quote without an end in an array's text is looked for once", () => {
  // Quadratic parsing would take hours.
  expect(parseArray(`{a,"${'\\"'.repeat(3_000_000)}`, (text) => text)).toEqual(["a"]);
});

const pids = async () =>
  (await listProcesses())
    .filter(({ args, ppid }) => ppid === process.pid && args.includes("source-process.ts"))
    .map(({ pid }) => pid);

const program = new URL("../../services/orchestration/connectors/source-process.ts", import.meta.url);

const lend = (processes: SourceProcesses, orgId: string, database: string) =>
  processes.lend({ orgId, connector: "postgresql", settings: { database } });

test("Unavailable: more sources of an organisation than it may use at the same time; others have theirs", async () => {
  await using folder = await temporaryFolder();
  await using processes = createSourceProcesses({
    program,
    compileCache: folder.path,
    memory: watchMemory(),
    log: createLog("test", { logLevel: "silent" }),
  });
  const lent = Array.from({ length: 12 }, (_, index) => lend(processes, "greedy", `d${index}`));
  expect(lend(processes, "greedy", "d0").client).toBe(lent[0]?.client);
  const more = async () => lend(processes, "greedy", "d12");
  expect(await failureOf(more())).toMatchObject({ code: Code.Unavailable, reason: "SERVICE_BUSY" });
  expect(lend(processes, "modest", "d0").client).not.toBe(lent[0]?.client);
  // A source without users makes room.
  lent[5]?.[Symbol.dispose]();
  expect((await more()).client.isOver).toBe(false);
  expect(lent[5]?.client.isOver).toBe(true);
});

test("a mesh whose sources nobody asks has no process of them", async () => {
  await using folder = await temporaryFolder();
  const log = createLog("test", { logLevel: "silent" });
  await using processes = createSourceProcesses({
    program,
    compileCache: folder.path,
    memory: watchMemory(),
    log,
    idleMs: 100,
  });
  expect(await pids()).toEqual([]);
  const { client, [Symbol.dispose]: giveBack } = lend(processes, "o", "d");
  const { signal } = new AbortController();
  expect(await client.request<typeof resolveHost>("resolveHost", { host: "127.0.0.1" }, { signal })).toEqual([
    "127.0.0.1",
  ]);
  const [process] = await pids();
  giveBack();
  await untilGone([process ?? 0]);
  await eventually(pids).toEqual([]);
});
