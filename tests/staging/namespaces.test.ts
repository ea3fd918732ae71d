import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { JobState } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { failureOf } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { only } from "../storage/namespaces.ts";
import { createJob, ended, startStaging } from "./staging.ts";

const staging = forFile(startStaging);

/** A user with the role of an editor in one namespace alone, now as when calling. */
function editorIn(namespace: string, overrides: Partial<Principal> = {}) {
  const { peers, user } = staging();
  peers.roles = [];
  peers.grants = [{ namespace, roles: ["editor"] }];
  const { who } = user(overrides);
  return user(only(who, namespace, "editor"));
}

const source = (who: Principal) => staging().peers.addSource(who, { namespace: "team", rowCount: 3_000 });

test("OK: the job of a user with a role in its namespace alone", async () => {
  const editor = editorIn("team");
  const { jobId } = await createJob(editor, source(editor.who));
  expect(await ended(editor, jobId)).toMatchObject({ state: JobState.SUCCEEDED, namespace: "team" });
});

test("FAILED: the user loses the role in the job's namespace while a chunk is read, and keeps one elsewhere", async () => {
  const { peers } = staging();
  const editor = editorIn("team");
  const hold = Promise.withResolvers<void>();
  const reading = Promise.withResolvers<void>();
  peers.beforeChunk = () => {
    reading.resolve();
    return hold.promise;
  };
  const { jobId } = await createJob(editor, source(editor.who));
  await reading.promise;
  peers.grants = [{ namespace: "elsewhere", roles: ["admin"] }];
  expect(await ended(editor, jobId)).toMatchObject({
    state: JobState.FAILED,
    errorMessage: "the user that asked for the job has lost the permission staging.write",
  });
  hold.resolve();
  peers.beforeChunk = () => {};
});

test("InvalidArgument: the request of another namespace's job, repeated by a caller without a role there", async () => {
  const editor = editorIn("team");
  const { sourceId } = source(editor.who);
  const request = { job: { sourceId, tables: ["orders"] }, requestId: randomUUID() };
  const first = await editor.jobs.createJob(request);
  expect((await editor.jobs.createJob(request)).job?.jobId).toBe(first.job?.jobId);
  const other = staging().user(only(editor.who, "elsewhere", "editor"));
  expect(await failureOf(other.jobs.createJob(request))).toEqual({
    code: "InvalidArgument",
    fields: ["job.source_id"],
  });
});
