import {
  CreateOrgResponseSchema,
  GetOrgResponseSchema,
  type Org,
  OrgSchema,
  OrgService,
  UpdateOrgResponseSchema,
} from "../../gen/sluice/identity/v1/orgs_pb.ts";
import { UserSchema } from "../../gen/sluice/identity/v1/users_pb.ts";
import type { Call } from "../command/call.ts";
import { type CommandGroup, command } from "../command/command.ts";
import { listCommand, readAll } from "../command/list.ts";
import { flag, text } from "../command/options.ts";
import { usageError } from "../failures/command-error.ts";
import { resolveId } from "../resolve/resolve-id.ts";
import { readSecret } from "../terminal/read-secret.ts";
import { printRecord } from "../terminal/record.ts";
import { formatTime } from "../terminal/value.ts";

const resolveOrg = (call: Call, nameOrId: string): Promise<string> =>
  resolveId(
    nameOrId,
    "org",
    () => readAll(call, OrgService, OrgService.method.listOrgs, {}, ({ orgs: all }) => all),
    {
      id: ({ orgId }: Org) => orgId,
      name: ({ name }: Org) => name,
    },
  );

const list = listCommand({
  summary: "List the organisations that you may see",
  examples: ["orgs list"],
  service: OrgService,
  method: OrgService.method.listOrgs,
  request: () => ({}),
  items: (response) => response.orgs,
  columns: [
    { title: "id", value: ({ orgId }) => orgId },
    { title: "name", value: ({ name }) => name },
    { title: "display name", value: ({ displayName }) => displayName ?? "" },
    { title: "created", value: ({ createTime }) => formatTime(createTime) },
  ],
  id: ({ orgId }) => orgId,
});

const get = command({
  name: "get",
  summary: "Show an organisation",
  args: ["<org>"],
  examples: ["orgs get lab"],
  async run(call, [org]) {
    const orgId = await resolveOrg(call, org);
    const response = await (await call.client(OrgService)).getOrg({ orgId }, { signal: call.signal });
    await call.show(GetOrgResponseSchema, response, () =>
      printRecord(call.terminal, OrgSchema, response.org),
    );
  },
});

const create = command({
  name: "create",
  summary: "Create an organisation with its first administrator",
  details: "The administrator's password is asked for, or read from standard input.",
  args: ["<name>"],
  options: {
    displayName: text("name", "name for people"),
    adminEmail: text("address", "e-mail address of the first administrator"),
    adminName: text("name", "name of the first administrator"),
    passwordStdin: flag("read the administrator's password from standard input"),
  },
  examples: ["orgs create lab --display-name 'The lab' --admin-email ada@example.org"],
  async run(call, [name], { displayName, adminEmail, adminName, passwordStdin }) {
    if (!adminEmail) throw usageError("an organisation needs an administrator", "give --admin-email");
    const password = await readSecret(call, "password", { option: "--password-stdin", given: passwordStdin });
    const org = { name, displayName: displayName ?? name };
    const admin = { email: adminEmail, password, displayName: adminName ?? "" };
    const response = await (await call.client(OrgService)).createOrg({ org, admin }, { signal: call.signal });
    await call.show(CreateOrgResponseSchema, response, () => {
      printRecord(call.terminal, OrgSchema, response.org);
      call.terminal.print("");
      printRecord(call.terminal, UserSchema, response.admin);
    });
  },
});

const update = command({
  name: "update",
  summary: "Change an organisation's name for people",
  args: ["<org>"],
  options: { displayName: text("name", "name for people") },
  examples: ["orgs update lab --display-name 'The laboratory'"],
  async run(call, [org], { displayName }) {
    if (displayName === undefined) throw usageError("nothing to change", "give --display-name");
    const orgId = await resolveOrg(call, org);
    const request = { org: { orgId, displayName }, updateMask: { paths: ["display_name"] } };
    const response = await (await call.client(OrgService)).updateOrg(request, { signal: call.signal });
    await call.show(UpdateOrgResponseSchema, response, () =>
      printRecord(call.terminal, OrgSchema, response.org),
    );
  },
});

export const orgs: CommandGroup = {
  name: "orgs",
  summary: "Organisations",
  commands: [list, get, create, update],
};
