import ipaddr from "ipaddr.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withinCall } from "../../services/lib/rpc/call.ts";
import { createLog } from "../../services/lib/telemetry/log.ts";
import type { Query } from "../../services/orchestration/connectors/connector.ts";
import { createAddressGuard } from "../../services/orchestration/connectors/network/address-guard.ts";
import { createOpenPostgresql } from "../../services/orchestration/connectors/postgresql/postgresql-connector.ts";
import type { Engine } from "../../services/orchestration/engine/engine.ts";
import {
  createSourceProcesses,
  type SourceProcesses,
} from "../../services/orchestration/source-process/source-processes.ts";
import type { Limit } from "../../services/orchestration/timing/limit.ts";
import { listen } from "../lib/tcp.ts";
import { principal, temporaryFolder } from "../lib/test-mesh.ts";
import { watchMemory } from "./engines.ts";
import { type ForeignDatabase, readerPassword, startForeignDatabase } from "./foreign-database.ts";
import { authentication } from "./hostile-database.ts";
import { eventually, failureOf } from "./orchestration.ts";

let foreign: ForeignDatabase;
let processes: SourceProcesses;
const owned = new AsyncDisposableStack();
beforeAll(async () => {
  foreign = owned.use(await startForeignDatabase());
  const folder = owned.use(await temporaryFolder());
  processes = owned.use(
    createSourceProcesses({
      program: new URL("../../services/orchestration/connectors/source-process.ts", import.meta.url),
      compileCache: folder.path,
      memory: watchMemory(),
      log: createLog("test", { logLevel: "silent" }),
    }),
  );
});
afterAll(() => owned[Symbol.asyncDispose]());

/** A call with a principal, which sources require. */
const call = {
  principal: principal(),
  requestId: "test",
  traceparent: undefined,
  tracestate: undefined,
  signal: new AbortController().signal,
  deadlineMs: undefined,
};

const allowed = ["127.0.0.0/8", "192.0.2.0/24"].map((network) => ipaddr.parseCIDR(network));

/** The connector with a resolver that returns these results in turn and then repeats the last. */
function connectorWith(...answers: string[][]) {
  const asked: string[] = [];
  const lookup = async (host: string) => {
    asked.push(host);
    return answers[Math.min(asked.length, answers.length) - 1] ?? [];
  };
  const guard = createAddressGuard(allowed);
  const openSource = createOpenPostgresql({
    engine: {} as Engine,
    processes,
    addressGuard: (host) => guard(host, lookup),
    resolveSecret: async () => readerPassword,
    ownDatabase: "another one",
  });
  const open = (settings: object) => {
    const source = openSource({ ...foreign.settings, host: "db.example.org", ...settings }, "settings");
    return {
      test: (limit: Limit) => withinCall(call, () => source.test(limit)),
      query: (query: Query, limit: Limit) => withinCall(call, () => source.query(query, limit)),
    };
  };
  return { asked, open };
}

const limit = (signal = AbortSignal.timeout(30_000)) => ({ signal, timeoutMs: 30_000 });

test("OK: the address that was checked is used, also to cancel, whatever the name stands for later", async () => {
  const port = Number(foreign.settings.port);
  await using hostile = await listen((socket) => socket.write(authentication(3)), {
    host: "127.0.0.2",
    port,
  });
  const { asked, open } = connectorWith(["127.0.0.1"], ["127.0.0.2"]);
  const stop = new AbortController();
  const running = open({}).query({ sql: "select pg_sleep(60)", maxRows: 1 }, limit(stop.signal));
  const states = () => foreign.sql`
    select 1 from pg_stat_activity where usename = ${String(foreign.settings.user)} and query like 'fetch%'`;
  await eventually(async () => (await states()).length).toBe(1);
  stop.abort(new Error("stopped"));
  await expect(running).rejects.toThrow("stopped");
  await eventually(async () => (await states()).length).toBe(0);
  expect(asked).toEqual(["db.example.org"]);
  expect(hostile.connections.size).toBe(0);
});

test("OK: the name that is looked up is the one that the secret is asked for", async () => {
  const { asked, open } = connectorWith(["127.0.0.1"]);
  await open({ host: "DB.Example.ORG." }).test(limit());
  expect(asked).toEqual(["db.example.org"]);
});

test("FailedPrecondition: a name is local only if all of its addresses are", async () => {
  for (const addresses of [["192.0.2.1"], ["127.0.0.1", "192.0.2.1"]]) {
    for (const settings of [
      { host: "localhost", sslMode: "prefer" },
      { sslMode: "disable" },
      { sslMode: "require" },
    ]) {
      const testing = connectorWith(addresses).open(settings).test(limit());
      expect(await failureOf(testing)).toMatchObject({ reason: "INSECURE_CONNECTION" });
    }
  }
});

test("FailedPrecondition: by default a name beyond this machine is verified", async () => {
  // The first address has a server without encryption. The second is not a loopback address, so encryption is required.
  const testing = connectorWith(["127.0.0.1", "192.0.2.1"]).open({}).test(limit());
  expect(await failureOf(testing)).toMatchObject({
    reason: "INSECURE_CONNECTION",
    message: expect.stringContaining("does not encrypt"),
  });
});

test("OK: an administrator's word lets the login go over such a connection", async () => {
  const settings = { sslMode: "prefer", allowInsecureLogin: true };
  const source = connectorWith(["127.0.0.1", "192.0.2.1"]).open(settings);
  expect((await source.test(limit())).serverVersion).toMatch(/^PostgreSQL/);
});
