import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { EngineProtection } from "../../gen/sluice/orchestration/v1/status_pb.ts";
import { createFileSource, eventually, failureOf, startOrchestration } from "./orchestration.ts";

const mebibyte = 1024n ** 2n;
const known = Object.values(EngineProtection).filter((value) => typeof value === "number" && value !== 0);

test("OK: what holds, the limits as they are set, and what is in use", async () => {
  await using mesh = await startOrchestration({ ENGINE_MEMORY_MIB: "2048" });
  const user = mesh.user();
  const { engine } = await user.status.getStatus({});
  expect(engine).toMatchObject({
    processMemoryBytesMax: 1536n * mebibyte,
    memoryBytesMax: 2048n * mebibyte,
    busyProcessCount: 0,
    memoryBytes: 0n,
  });
  expect(engine?.protections.map(({ protection }) => protection)).toEqual(known);
  const lacking = engine?.protections.filter(({ holds }) => !holds).map(({ protection }) => protection);
  // A user of its own has to be able to read the program: a checkout may lie where only its owner may enter.
  const mayLack = process.platform === "linux" ? [EngineProtection.USER] : known;
  expect(mayLack).toEqual(expect.arrayContaining(lacking ?? []));

  const sourceId = await createFileSource(mesh, user, "n.csv", "n\n1\n");
  const caller = new AbortController();
  const sql = "SELECT count(*) FROM range(1000000000000000)";
  const call = failureOf(
    user.executions.executeQuery({ sourceId, sql, timeout: { seconds: 300n } }, { signal: caller.signal }),
  );
  const busy = async () => (await user.status.getStatus({})).engine;
  await eventually(async () => (await busy())?.busyProcessCount).toBe(1);
  await eventually(async () => (await busy())?.memoryBytes ?? 0n).toBeGreaterThan(10n * mebibyte);
  caller.abort();
  await call;
  await eventually(async () => (await busy())?.busyProcessCount).toBe(0);
});

test("PermissionDenied: a viewer, an editor and an approver", async () => {
  await using mesh = await startOrchestration();
  for (const role of ["viewer", "editor", "approver"]) {
    expect(await failureOf(mesh.user({ roles: [role] }).status.getStatus({}))).toEqual({
      code: Code.PermissionDenied,
      reason: "PERMISSION_MISSING",
      fields: [],
      message: "permission status.read is required",
    });
  }
});
