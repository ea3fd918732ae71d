import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { openDatabase } from "../../services/lib/database/database.ts";
import { withinCall } from "../../services/lib/rpc/call.ts";
import { createLog } from "../../services/lib/telemetry/log.ts";
import { createQuarantine } from "../../services/orchestration/crashes/quarantine.ts";
import { EngineFailure } from "../../services/orchestration/engine/engine-failure.ts";
import { createTestDatabase } from "../lib/test-database.ts";
import { principal } from "../lib/test-mesh.ts";

const migrationsFolder = fileURLToPath(new URL("../../services/orchestration/migrations", import.meta.url));

test("OK: a crash that several wait for counts once, and the file is quarantined by the next one", async () => {
  await using template = await createTestDatabase();
  await using database = await openDatabase({
    url: template.urls.orchestration,
    service: "orchestration",
    migrationsFolder,
  });
  const quarantine = createQuarantine({
    db: database.db,
    log: createLog("quarantine", { logLevel: "silent" }),
  });
  const file = { name: "odd.json", sha256: "0".repeat(64) };
  const call = { requestId: "test", traceparent: undefined, tracestate: undefined, deadlineMs: undefined };
  const within = <T>(work: () => Promise<T>) =>
    withinCall({ ...call, principal: principal(), signal: AbortSignal.timeout(60_000) }, work);
  await within(async () => {
    const crash = () => new EngineFailure("crashed", "it crashed");
    const watched = (failure: Error) => quarantine.watch({ file }, () => Promise.reject(failure));
    const shared = crash();
    const outcomes = await Promise.allSettled([watched(shared), watched(shared), watched(shared)]);
    expect(outcomes.map((outcome) => outcome.status === "rejected" && outcome.reason)).toEqual(
      Array(3).fill(shared),
    );
    // One crash does not quarantine it.
    const second = crash();
    await expect(watched(second)).rejects.toBe(second);
    await expect(watched(crash())).rejects.toMatchObject({
      message: expect.stringMatching(/crashed the engine twice/),
    });
  });
});
