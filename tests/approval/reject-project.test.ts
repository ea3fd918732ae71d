import { afterAll, beforeAll } from "vitest";
import { ProjectState } from "../../gen/sluice/approval/v1/projects_pb.ts";
import { Decision } from "../../gen/sluice/approval/v1/reviews_pb.ts";
import { testDecision } from "./decisions.ts";
import { type Release, startRelease } from "./release-fixtures.ts";

let release: Release;
beforeAll(async () => {
  release = await startRelease();
});
afterAll(() => release[Symbol.asyncDispose]());

testDecision(() => release, {
  call: "rejectProject",
  decision: Decision.REJECTED,
  state: ProjectState.REJECTED,
  event: "rejected",
});
