import { expect, test } from "vitest";
import { NamespaceContentState as State } from "../../gen/sluice/common/v1/namespaces_pb.ts";
import { NamespaceContentService } from "../../gen/sluice/staging/v1/namespaces_pb.ts";
import { failureOf, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { createJob, ended, eventually, startStaging, storedFiles, type User } from "./staging.ts";

const staging = forFile(startStaging);

const content = ({ who }: User, process = "identity") =>
  staging().service.client(NamespaceContentService, who, process);

const set = async (user: User, state: State) => {
  const { orgId } = user.who;
  return (await content(user).setNamespaceState({ orgId, namespace: "team", state })).counts;
};

test("OK: SetNamespaceState counts jobs, closes, clears them with their files and opens again", async () => {
  const user = staging().user();
  const inTeam = staging().peers.addSource(user.who, { namespace: "team" });
  const inDefault = staging().peers.addSource(user.who, { name: "kept" });
  await ended(user, (await createJob(user, inTeam)).jobId);
  const kept = await ended(user, (await createJob(user, inDefault)).jobId);
  const keptFiles = (await storedFiles(user)).filter((name) => name.startsWith("kept"));
  expect(await set(user, State.CLOSED)).toEqual({ jobs: 1n });
  expect(await failureOf(createJob(user, inTeam))).toEqual(missing("namespace", "team"));
  expect(await set(user, State.OPEN)).toEqual({ jobs: 1n });
  await createJob(user, inTeam);
  expect(await set(user, State.CLEARED)).toEqual({});
  expect(await failureOf(createJob(user, inTeam))).toEqual(missing("namespace", "team"));
  expect((await user.jobs.listJobs({})).jobs).toEqual([kept]);
  await eventually(async () =>
    (await storedFiles(user)).filter((name) => !name.startsWith("manifest")),
  ).toEqual(keptFiles);
  expect(await set(user, State.OPEN)).toEqual({});
  await createJob(user, inTeam);
});

test("PermissionDenied: the edge; InvalidArgument: no state", async () => {
  const user = staging().user();
  const request = { orgId: user.who.orgId, namespace: "team", state: State.CLOSED };
  expect(await failureOf(content(user, "edge").setNamespaceState(request))).toMatchObject({
    code: "PermissionDenied",
  });
  expect(await failureOf(content(user).setNamespaceState({ ...request, state: 0 }))).toMatchObject({
    fields: ["state"],
  });
});
