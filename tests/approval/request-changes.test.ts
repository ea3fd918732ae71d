import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { ProjectState } from "../../gen/sluice/approval/v1/projects_pb.ts";
import { Decision } from "../../gen/sluice/approval/v1/reviews_pb.ts";
import { failureOf } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { testDecision } from "./decisions.ts";
import { startRelease, team } from "./release-fixtures.ts";

const release = forFile(startRelease);

testDecision(release, {
  call: "requestChanges",
  decision: Decision.CHANGES_REQUESTED,
  state: ProjectState.CHANGES_REQUESTED,
  event: "changes requested",
});

const anotherManifest = "f".repeat(64);

test("InvalidArgument: changes are asked for without a word", async () => {
  const call = team(release()).approver.reviews.requestChanges({
    projectId: randomUUID(),
    manifestSha256: anotherManifest,
  });
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: ["comment"] });
});
