import { once } from "node:events";
import { connect } from "node:net";
import { createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { CatalogService } from "../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { ExecutionService } from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import { run } from "../../services/orchestration/run.ts";
import { forFile } from "../lib/for-file.ts";
import { listProcesses, untilGone } from "../lib/processes.ts";
import { startService, temporaryFolder, transportAs } from "../lib/test-mesh.ts";
import {
  configOf,
  createFileSource,
  createSource,
  eventually,
  failureOf,
  startOrchestration,
} from "./orchestration.ts";
import { spawnOrchestration } from "./spawn-orchestration.ts";

const mesh = forFile(startOrchestration);

/** A statement that runs until it is stopped, not until the default timeout. */
const endless = { sql: "SELECT count(*) FROM range(1000000000000000)", timeout: { seconds: 300n } };

const statesOf = async (userId: string) => {
  const rows = await mesh().database.sql`
    select state, error_message from orchestration.executions where creator_user_id = ${userId}`;
  return rows.map(({ state, error_message }) => [state, error_message]);
};

test("a killed process: its executions are cancelled at the next start, its engines die, a live process's go on", async () => {
  await using folder = await temporaryFolder();
  await using spawned = await spawnOrchestration(mesh(), folder.path);
  const onKilled = mesh().user();
  const onLive = mesh().user();
  using transport = transportAs(spawned.address, onKilled.who, "edge");
  const killedSource = await createFileSource(mesh(), onKilled, "n.csv", "n\n1\n");
  const liveSource = await createFileSource(mesh(), onLive, "n.csv", "n\n1\n");
  const killedCall = failureOf(
    createClient(ExecutionService, transport).executeQuery({ sourceId: killedSource, ...endless }),
  );
  const leave = new AbortController();
  const liveCall = failureOf(
    onLive.executions.executeQuery({ sourceId: liveSource, ...endless }, { signal: leave.signal }),
  );
  for (const { who } of [onKilled, onLive]) {
    await eventually(() => statesOf(who.userId)).toEqual([["running", ""]]);
  }
  const enginesOfKilled = async () =>
    (await listProcesses()).filter(({ ppid }) => ppid === spawned.pid).map(({ pid }) => pid);
  // The row is inserted before the execution gets a process.
  await eventually(enginesOfKilled).not.toEqual([]);
  const engines = await enginesOfKilled();

  await spawned.kill();
  await killedCall;
  await untilGone(engines);
  expect(await statesOf(onKilled.who.userId)).toEqual([["running", ""]]);

  const config = configOf({
    databaseUrl: mesh().config.databaseUrl,
    folder: folder.path,
    peers: mesh().peers,
  });
  await using restarted = await startService(run, config);
  expect(await statesOf(onKilled.who.userId)).toEqual([["cancelled", "the server stopped while it ran"]]);
  expect(await statesOf(onLive.who.userId)).toEqual([["running", ""]]);
  const { added } = await restarted.client(CatalogService, onKilled.who).discover({ sourceId: killedSource });
  expect(added).toHaveLength(1);
  leave.abort();
  await liveCall;
  await eventually(() => statesOf(onLive.who.userId)).toMatchObject([["cancelled", expect.any(String)]]);
});

test("SIGTERM: a running statement is answered, then the process ends with its engines", async () => {
  await using folder = await temporaryFolder();
  await using spawned = await spawnOrchestration(mesh(), folder.path);
  const { address } = spawned;
  const user = mesh().user();
  using transport = transportAs(address, user.who, "edge");
  const fileId = mesh().peers.addFile(user.who, "held.csv", "n\n1\n");
  const sourceId = await createSource(user, "file", { fileId });
  const release = Promise.withResolvers<void>();
  mesh().peers.beforeBytes = (id) => (id === fileId ? release.promise : undefined);
  const call = createClient(ExecutionService, transport).executeQuery({ sourceId, sql: "FROM held" });
  await eventually(() => statesOf(user.who.userId)).toEqual([["running", ""]]);
  void spawned.stop();
  await eventually(() => isListening(address)).toBe(false);
  release.resolve();
  expect((await call).rows).toHaveLength(1);
  expect(await spawned.ended).toEqual([0, null]);
  expect(await statesOf(user.who.userId)).toEqual([["succeeded", ""]]);
});

async function isListening(address: string): Promise<boolean> {
  const { hostname, port } = new URL(`tcp://${address}`);
  const socket = connect(Number(port), hostname);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

test("a stop while a statement does not end: its caller hears of it, and its record says so", async () => {
  await using folder = await temporaryFolder();
  const config = configOf({
    databaseUrl: mesh().config.databaseUrl,
    folder: folder.path,
    peers: mesh().peers,
  });
  const service = await startService(run, config);
  const user = mesh().user();
  const sourceId = await createFileSource(mesh(), user, "n.csv", "n\n1\n");
  const call = failureOf(service.client(ExecutionService, user.who).executeQuery({ sourceId, ...endless }));
  await eventually(() => statesOf(user.who.userId)).toEqual([["running", ""]]);
  await service.stop();
  expect((await call).code).not.toBe(0);
  expect(await statesOf(user.who.userId)).toEqual([["cancelled", "the server stopped while it ran"]]);
});
