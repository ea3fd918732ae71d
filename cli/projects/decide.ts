import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { type Project, ProjectService } from "../../gen/sluice/approval/v1/projects_pb.ts";
import type { Call } from "../command/call.ts";
import { type Command, command } from "../command/command.ts";
import { text } from "../command/options.ts";
import { interrupted, usageError } from "../failures/command-error.ts";
import { resolveProject } from "../resolve/resolve-project.ts";
import { neutralise } from "../terminal/neutralise.ts";
import { showSteps } from "./steps.ts";

type Decided = { readonly project?: Project | undefined };
type Decision = { projectId: string; manifestSha256: string; comment: string };

/** A command that decides about exactly one manifest, which the user has to name or confirm. */
export function decisionCommand<Desc extends DescMessage>(spec: {
  name: string;
  summary: string;
  verb: string;
  schema: Desc;
  decide(call: Call, decision: Decision): Promise<MessageShape<Desc> & Decided>;
}): Command {
  return command({
    name: spec.name,
    summary: spec.summary,
    details:
      "The decision is about exactly one package: give the hash that you reviewed, or confirm it in a terminal.",
    args: ["<project>"],
    options: {
      manifest: text("sha256", "hash of the reviewed manifest"),
      comment: text("text", "comment for people"),
    },
    examples: [
      `projects ${spec.name} 'Seattle weather' --comment 'no personal data'`,
      `projects ${spec.name} 'Seattle weather' --manifest $(sluice projects get 'Seattle weather' --manifest)`,
    ],
    async run(call, [project], { manifest, comment }) {
      const projectId = await resolveProject(call, project);
      const manifestSha256 = manifest ?? (await confirmManifest(call, projectId, spec.verb));
      const response = await spec.decide(call, { projectId, manifestSha256, comment: comment ?? "" });
      await call.show(spec.schema, response, () => {
        if (response.project) showSteps(call.terminal, response.project);
      });
    },
  });
}

async function confirmManifest(call: Call, projectId: string, verb: string): Promise<string> {
  if (!call.canAsk) {
    throw usageError(
      "the hash of the manifest is missing",
      "give it with --manifest: `sluice projects get` shows it",
    );
  }
  const { project } = await (await call.client(ProjectService)).getProject(
    { projectId },
    { signal: call.signal },
  );
  const { displayName = "", manifestSha256 = "" } = project ?? {};
  const { askYes } = await import("../terminal/ask.ts");
  const question = `${verb} ${neutralise(displayName)} with the manifest ${manifestSha256}?`;
  if (!(await askYes(question))) throw interrupted("nothing was decided");
  return manifestSha256;
}
