import {
  CreateGrantResponseSchema,
  DeleteGrantResponseSchema,
  type Grant,
  GrantSchema,
  GrantService,
} from "../../gen/sluice/identity/v1/grants_pb.ts";
import { type CommandGroup, command } from "../command/command.ts";
import { listCommand } from "../command/list.ts";
import { flag, text } from "../command/options.ts";
import { usageError } from "../failures/command-error.ts";
import { roles } from "../resolve/roles.ts";
import { findSubject, subjectOptions } from "../resolve/subject.ts";
import { confirm } from "../terminal/confirm.ts";
import { printRecord } from "../terminal/record.ts";
import { formatTime } from "../terminal/value.ts";

const kinds = { userId: "user", apiKeyId: "key", group: "group" };

const formatGrantee = ({ grantee }: Grant): string =>
  grantee.case === undefined ? "" : `${kinds[grantee.case]} ${grantee.value}`;

const list = listCommand({
  summary: "List who has which role, and where",
  options: subjectOptions,
  examples: ["grants list", "grants list --user grace@example.org", "grants list --namespace lab"],
  service: GrantService,
  method: GrantService.method.listGrants,
  async request(call, _args, options) {
    const subject = await findSubject(call, options);
    return subject ? { [subject.case]: subject.value } : {};
  },
  items: (response) => response.grants,
  columns: [
    { title: "id", value: ({ grantId }) => grantId },
    { title: "role", value: ({ role }) => role },
    { title: "namespace", value: ({ namespace }) => namespace || "(all)" },
    { title: "granted to", value: formatGrantee },
    { title: "created", value: ({ createTime }) => formatTime(createTime) },
  ],
  id: ({ grantId }) => grantId,
});

const create = command({
  name: "create",
  summary: "Give a role to a user, a key or a group, everywhere or in one namespace",
  args: ["<role>"],
  options: { ...subjectOptions, namespace: text("name", "namespace; by default the whole organisation") },
  examples: [
    "grants create editor --user grace@example.org --namespace lab",
    "grants create viewer --group analysts",
  ],
  async run(call, [role], { namespace, ...options }) {
    if (!roles.some((known) => known === role)) {
      throw usageError(`there is no role ${role}`, `give one of ${roles.join(", ")}`);
    }
    const grantee = await findSubject(call, options);
    if (!grantee) throw usageError("who gets the role is missing", "give --user, --key or --group");
    const client = await call.client(GrantService);
    const grant = { role, grantee, namespace: namespace ?? "" };
    const response = await client.createGrant({ grant }, { signal: call.signal });
    await call.show(CreateGrantResponseSchema, response, () =>
      printRecord(call.terminal, GrantSchema, response.grant),
    );
  },
});

const remove = command({
  name: "delete",
  summary: "Take a role back, within 5 seconds in every process",
  args: ["<grant-id>"],
  options: { yes: flag("do not ask", { short: "y" }) },
  examples: ["grants delete 01976f3e-0000-7000-8000-000000000000"],
  async run(call, [grantId], { yes }) {
    await confirm(call, `Take back the grant ${grantId}?`, yes);
    const response = await (await call.client(GrantService)).deleteGrant(
      { grantId },
      { signal: call.signal },
    );
    await call.show(DeleteGrantResponseSchema, response, () => call.terminal.note("Taken back."));
  },
});

export const grants: CommandGroup = {
  name: "grants",
  summary: "Roles of users, keys and groups",
  commands: [list, create, remove],
};
