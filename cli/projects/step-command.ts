import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Project } from "../../gen/sluice/approval/v1/projects_pb.ts";
import type { Call } from "../command/call.ts";
import { type Command, command } from "../command/command.ts";
import { resolveProject } from "../resolve/resolve-project.ts";
import { showSteps } from "./steps.ts";

/** A command that takes a project a step further, and shows where it is then. */
export function stepCommand<Desc extends DescMessage>(spec: {
  name: string;
  summary: string;
  details?: string;
  schema: Desc;
  step(
    call: Call,
    projectId: string,
  ): Promise<MessageShape<Desc> & { readonly project?: Project | undefined }>;
  /** Shows the result before the state. */
  showResult?(call: Call, response: MessageShape<Desc>): void;
}): Command {
  return command({
    name: spec.name,
    summary: spec.summary,
    ...(spec.details && { details: spec.details }),
    args: ["<project>"],
    examples: [`projects ${spec.name} 'Seattle weather'`],
    async run(call, [project]) {
      const response = await spec.step(call, await resolveProject(call, project));
      await call.show(spec.schema, response, () => {
        spec.showResult?.(call, response);
        if (response.project) showSteps(call.terminal, response.project);
      });
    },
  });
}
