import { ProjectState } from "../../gen/sluice/approval/v1/projects_pb.ts";
import { Decision } from "../../gen/sluice/approval/v1/reviews_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { testDecision } from "./decisions.ts";
import { startRelease } from "./release-fixtures.ts";

const release = forFile(startRelease);

testDecision(release, {
  call: "rejectProject",
  decision: Decision.REJECTED,
  state: ProjectState.REJECTED,
  event: "rejected",
});
