import { expect, test } from "vitest";
import { JobState } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { holdEngines } from "../orchestration/engine-processes.ts";
import { fileSource, startMesh } from "./mesh.ts";
import { createJob, ended } from "./staging.ts";

test("OK: a job whose engine process is killed goes on, and stages every row", async () => {
  await using mesh = await startMesh();
  const user = mesh.user();
  const rows = Array.from({ length: 1000 }, (_, n) => n).join("\n");
  const source = await fileSource(mesh, user, "n.csv", `n\n${rows}\n`);
  const engines = holdEngines();
  const { jobId } = await createJob(user, source);
  process.kill(await engines.working(), "SIGKILL");
  engines[Symbol.dispose]();
  expect(await ended(user, jobId)).toMatchObject({
    state: JobState.SUCCEEDED,
    errorMessage: "",
    progress: { rowCount: 1000n, chunkCount: 1 },
  });
});
