import {
  DeletePreferencesResponseSchema,
  GetPreferencesResponseSchema,
  NamespaceService,
  SetPreferencesResponseSchema,
} from "../../gen/sluice/identity/v1/namespaces_pb.ts";
import type { Call } from "../command/call.ts";
import { type CommandGroup, command } from "../command/command.ts";
import { flag, text } from "../command/options.ts";
import { confirm } from "../terminal/confirm.ts";
import { printLines } from "../terminal/record.ts";
import { parseEntries } from "./parse-entries.ts";

const namespaceOption = text("name", "namespace; by default the organisation itself");

function show({ terminal }: Call, preferences: Readonly<Record<string, string>>): void {
  const lines = Object.entries(preferences).map(([name, value]) => ({ name, value }));
  if (lines.length === 0) terminal.note("There are none.");
  printLines(terminal, lines);
}

const get = command({
  name: "get",
  summary: "Show the preferences of a namespace, or of the organisation",
  options: { namespace: namespaceOption, resolved: flag("with those that the organisation gives it") },
  examples: ["namespaces preferences get", "namespaces preferences get --namespace lab --resolved"],
  async run(call, _args, { namespace = "", resolved }) {
    const client = await call.client(NamespaceService);
    const response = await client.getPreferences({ namespace, resolved }, { signal: call.signal });
    await call.show(GetPreferencesResponseSchema, response, () => show(call, response.preferences));
  },
});

const set = command({
  name: "set",
  summary: "Replace all preferences of a namespace, or of the organisation",
  args: ["<entries...>"],
  options: { namespace: namespaceOption },
  examples: ["namespaces preferences set region=eu tier=gold --namespace lab"],
  async run(call, [entries], { namespace = "" }) {
    const request = { namespace, preferences: parseEntries(entries) };
    const response = await (await call.client(NamespaceService)).setPreferences(request, {
      signal: call.signal,
    });
    await call.show(SetPreferencesResponseSchema, response, () => show(call, response.preferences));
  },
});

const remove = command({
  name: "delete",
  summary: "Remove all preferences of a namespace, or of the organisation",
  options: { namespace: namespaceOption, yes: flag("do not ask", { short: "y" }) },
  examples: ["namespaces preferences delete --namespace lab"],
  async run(call, _args, { namespace = "", yes }) {
    await confirm(call, `Remove all preferences of ${namespace || "the organisation"}?`, yes);
    const client = await call.client(NamespaceService);
    const response = await client.deletePreferences({ namespace }, { signal: call.signal });
    await call.show(DeletePreferencesResponseSchema, response, () => call.terminal.note("Removed."));
  },
});

/** A group inside `namespaces`. */
export const preferences: CommandGroup = {
  name: "preferences",
  summary: "Settings of a namespace, and of the organisation above it",
  commands: [get, set, remove],
};
