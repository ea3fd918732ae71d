import { AuthService, WhoAmIResponseSchema } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { command } from "../command/command.ts";
import { printLines, printRecord } from "../terminal/record.ts";

export const whoami = command({
  name: "whoami",
  summary: "Show your organisation, roles and permissions on the server",
  examples: ["whoami", "whoami --json"],
  async run(call) {
    const response = await (await call.client(AuthService)).whoAmI({}, { signal: call.signal });
    await call.show(WhoAmIResponseSchema, response, async () => {
      const { server, name, account } = await call.session();
      const known = { server, context: name, account };
      printLines(
        call.terminal,
        Object.entries(known).flatMap(([key, value]) => (value ? [{ name: key, value }] : [])),
      );
      printRecord(call.terminal, WhoAmIResponseSchema, response);
    });
  },
});
