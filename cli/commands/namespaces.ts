import {
  CreateNamespaceResponseSchema,
  DeleteNamespaceResponseSchema,
  GetNamespaceResponseSchema,
  Namespace_State,
  NamespaceSchema,
  NamespaceService,
  UpdateNamespaceResponseSchema,
} from "../../gen/sluice/identity/v1/namespaces_pb.ts";
import { type CommandGroup, command } from "../command/command.ts";
import { listCommand } from "../command/list.ts";
import { flag, many, text } from "../command/options.ts";
import { usageError } from "../failures/command-error.ts";
import { parseEntries } from "../namespaces/parse-entries.ts";
import { preferences } from "../namespaces/preferences.ts";
import { confirm } from "../terminal/confirm.ts";
import { printRecord } from "../terminal/record.ts";
import { formatTime } from "../terminal/value.ts";

const fields = {
  displayName: text("name", "name for people"),
  description: text("text", "what is in it"),
  property: many("name=value", "a property; can be repeated"),
};

const list = listCommand({
  summary: "List the namespaces in which you have a role",
  examples: ["namespaces list", "namespaces list --order-by name"],
  service: NamespaceService,
  method: NamespaceService.method.listNamespaces,
  request: () => ({}),
  items: (response) => response.namespaces,
  columns: [
    { title: "name", value: ({ name }) => name },
    { title: "display name", value: ({ displayName }) => displayName ?? "" },
    { title: "state", value: ({ state }) => (state === Namespace_State.DELETING ? "deleting" : "active") },
    { title: "created", value: ({ createTime }) => formatTime(createTime) },
  ],
  id: ({ name }) => name,
});

const get = command({
  name: "get",
  summary: "Show a namespace",
  args: ["<namespace>"],
  examples: ["namespaces get lab"],
  async run(call, [name]) {
    const response = await (await call.client(NamespaceService)).getNamespace(
      { name },
      { signal: call.signal },
    );
    await call.show(GetNamespaceResponseSchema, response, () =>
      printRecord(call.terminal, NamespaceSchema, response.namespace),
    );
  },
});

const create = command({
  name: "create",
  summary: "Add a namespace to your organisation",
  args: ["<name>"],
  options: fields,
  examples: ["namespaces create lab --display-name 'The lab' --property owner=ada"],
  async run(call, [name], { displayName, description, property }) {
    const namespace = {
      name,
      displayName: displayName ?? "",
      description: description ?? "",
      properties: parseEntries(property),
    };
    const client = await call.client(NamespaceService);
    const response = await client.createNamespace({ namespace }, { signal: call.signal });
    await call.show(CreateNamespaceResponseSchema, response, () =>
      printRecord(call.terminal, NamespaceSchema, response.namespace),
    );
  },
});

const update = command({
  name: "update",
  summary: "Change the names or the properties of a namespace",
  details: "With --property, the given properties replace all.",
  args: ["<namespace>"],
  options: fields,
  examples: ["namespaces update lab --description 'Measurements of the lab'"],
  async run(call, [name], { displayName, description, property }) {
    const paths = [
      ...(displayName === undefined ? [] : ["display_name"]),
      ...(description === undefined ? [] : ["description"]),
      ...(property.length === 0 ? [] : ["properties"]),
    ];
    if (paths.length === 0)
      throw usageError("nothing to change", "give --display-name, --description or --property");
    const namespace = {
      name,
      displayName: displayName ?? "",
      description: description ?? "",
      properties: parseEntries(property),
    };
    const request = { namespace, updateMask: { paths } };
    const client = await call.client(NamespaceService);
    const response = await client.updateNamespace(request, { signal: call.signal });
    await call.show(UpdateNamespaceResponseSchema, response, () =>
      printRecord(call.terminal, NamespaceSchema, response.namespace),
    );
  },
});

const remove = command({
  name: "delete",
  summary: "Remove a namespace that is empty, or with --force everything in it",
  args: ["<namespace>"],
  options: {
    force: flag("remove all files, sources, jobs and projects in it"),
    yes: flag("do not ask", { short: "y" }),
  },
  examples: ["namespaces delete lab", "namespaces delete lab --force --yes"],
  async run(call, [name], { force, yes }) {
    const question = force ? `Remove the namespace ${name} with everything in it?` : `Remove ${name}?`;
    await confirm(call, question, yes);
    const client = await call.client(NamespaceService);
    const response = await client.deleteNamespace({ name, force }, { signal: call.signal });
    await call.show(DeleteNamespaceResponseSchema, response, () => {
      const isRunning = response.namespace?.state === Namespace_State.DELETING;
      call.terminal.note(isRunning ? "Its content is being removed." : "Removed.");
    });
  },
});

export const namespaces: CommandGroup = {
  name: "namespaces",
  summary: "Parts of your organisation with rights of their own",
  commands: [list, get, create, update, remove, preferences],
};
