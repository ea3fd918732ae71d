import { AccessService, ExplainAccessResponseSchema } from "../../gen/sluice/identity/v1/access_pb.ts";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import type { Call } from "../command/call.ts";
import { type CommandGroup, command } from "../command/command.ts";
import { text } from "../command/options.ts";
import { findSubject, subjectOptions } from "../resolve/subject.ts";
import { neutralise } from "../terminal/neutralise.ts";

const explain = command({
  name: "explain",
  summary: "Say who may do something, why, and what would have to change",
  details:
    "The action is a permission or the full name of a method. Without --user, --key or --group it is about you.",
  args: ["<action>"],
  options: { ...subjectOptions, namespace: text("name", "where; by default the whole organisation") },
  examples: [
    "access explain storage.files.write --namespace lab",
    "access explain sluice.storage.v1.FileService.ListFiles --user grace@example.org",
  ],
  async run(call, [name], { namespace, ...options }) {
    const subject = (await findSubject(call, options)) ?? (await caller(call));
    const action = { case: /^sluice\..+[A-Z]/.test(name) ? "method" : "permission", value: name } as const;
    const client = await call.client(AccessService);
    const request = { subject, action, namespace: namespace ?? "" };
    const response = await client.explainAccess(request, { signal: call.signal });
    await call.show(ExplainAccessResponseSchema, response, () => {
      const { print, style } = call.terminal;
      print(response.allowed ? style("allowed", "green") : style("refused", "red"));
      print(neutralise(response.explanation));
      for (const change of response.changes) print(`- ${neutralise(change)}`);
    });
  },
});

async function caller(call: Call) {
  const { apiKeyId, userId } = await (await call.client(AuthService)).whoAmI({}, { signal: call.signal });
  return apiKeyId
    ? ({ case: "apiKeyId", value: apiKeyId } as const)
    : ({ case: "userId", value: userId } as const);
}

export const access: CommandGroup = {
  name: "access",
  summary: "Who may do what, and why",
  commands: [explain],
};
