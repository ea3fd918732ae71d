import type { JsonObject } from "@bufbuild/protobuf";
import {
  type Connector,
  ConnectorService,
  TestConnectionResponseSchema,
} from "../../gen/sluice/orchestration/v1/connectors_pb.ts";
import {
  CreateSourceResponseSchema,
  DeleteSourceResponseSchema,
  GetSourceResponseSchema,
  MoveSourceResponseSchema,
  SourceSchema,
  SourceService,
  UpdateSourceResponseSchema,
} from "../../gen/sluice/orchestration/v1/sources_pb.ts";
import type { Call } from "../command/call.ts";
import { type CommandGroup, command } from "../command/command.ts";
import { listCommand } from "../command/list.ts";
import { moveCommand } from "../command/move.ts";
import { flag, text } from "../command/options.ts";
import { CommandError, usageError } from "../failures/command-error.ts";
import { exitCodes } from "../failures/exit-codes.ts";
import { resolveFile } from "../resolve/resolve-file.ts";
import { resolveSource } from "../resolve/resolve-source.ts";
import { connectors } from "../sources/connectors-command.ts";
import { getConnector, readSettings, settingsOptions } from "../sources/read-settings.ts";
import { showPreview } from "../sources/show-preview.ts";
import { confirm } from "../terminal/confirm.ts";
import { neutralise } from "../terminal/neutralise.ts";
import { printRecord } from "../terminal/record.ts";
import { formatTime } from "../terminal/value.ts";

const list = listCommand({
  summary: "List the data sources",
  options: { connector: text("name", "only sources of this connector") },
  examples: ["sources list", "sources list --connector postgresql --namespace lab"],
  service: SourceService,
  method: SourceService.method.listSources,
  request: (_call, _args, { connector }) => ({ connector: connector ?? "" }),
  items: (response) => response.sources,
  columns: [
    { title: "id", value: ({ sourceId }) => sourceId },
    { title: "name", value: ({ displayName }) => displayName },
    { title: "connector", value: ({ connector }) => connector },
    { title: "created", value: ({ createTime }) => formatTime(createTime) },
  ],
  id: ({ sourceId }) => sourceId,
});

const get = command({
  name: "get",
  summary: "Show a data source and its settings",
  args: ["<source>"],
  examples: ["sources get weather"],
  async run(call, [source]) {
    const sourceId = await resolveSource(call, source);
    const response = await (await call.client(SourceService)).getSource(
      { sourceId },
      { signal: call.signal },
    );
    await call.show(GetSourceResponseSchema, response, () =>
      printRecord(call.terminal, SourceSchema, response.source),
    );
  },
});

const create = command({
  name: "create",
  summary: "Register a data source",
  details:
    "Without --connector, all settings are asked for. `sluice sources connectors <name>` describes them.",
  args: ["[name]"],
  options: {
    connector: text("name", "kind of the source, such as file or postgresql"),
    file: text("file", "a stored file by name or id; the connector is file then"),
    namespace: text("name", "namespace of the source (default `default`)"),
    ...settingsOptions,
    dryRun: flag("check everything, and register nothing"),
    quiet: flag("print the id only", { short: "q" }),
  },
  examples: [
    "sources create",
    "sources create weather --file weather.csv --set header=true",
    "sources create shop --connector postgresql --settings @shop.json",
  ],
  async run(call, [name], options) {
    const given = await withFile(call, options);
    const source =
      given.connector === undefined
        ? await askSource(call, name, given)
        : await givenSource(call, name, given);
    const client = await call.client(SourceService);
    const response = await client.createSource(
      { source: { ...source, namespace: options.namespace ?? "" }, validateOnly: options.dryRun },
      { signal: call.signal },
    );
    await call.show(CreateSourceResponseSchema, response, () => {
      if (options.quiet) return call.terminal.print(response.source?.sourceId ?? "");
      if (response.preview) showPreview(call.terminal, response.preview);
      printRecord(call.terminal, SourceSchema, response.source);
      call.terminal.note(options.dryRun ? "Nothing was registered." : next(source.displayName));
    });
  },
});

const next = (name: string): string => `Next: sluice discover ${/^[\w.-]+$/.test(name) ? name : "<source>"}`;

type CreateOptions = { connector: string | undefined; set: readonly string[]; settings: string | undefined };
type NewSource = { displayName: string; connector: string; settings: JsonObject };

/** `--file` is short for the connector and its setting. */
async function withFile(
  call: Call,
  options: CreateOptions & { file: string | undefined },
): Promise<CreateOptions> {
  if (options.file === undefined) return options;
  const fileId = await resolveFile(call, options.file);
  return { ...options, connector: options.connector ?? "file", set: [`fileId=${fileId}`, ...options.set] };
}

async function givenSource(call: Call, name: string | undefined, options: CreateOptions): Promise<NewSource> {
  if (name === undefined) throw usageError("the name is missing", "give it as the first argument");
  const connector = await getConnector(call, options.connector ?? "");
  return { displayName: name, connector: connector.name, settings: await readSettings(options, connector) };
}

/** Asks for the connector, the name and the settings, and tests them. */
async function askSource(call: Call, name: string | undefined, options: CreateOptions): Promise<NewSource> {
  if (!call.canAsk)
    throw usageError("the connector is missing", "give --connector and --set, or use a terminal");
  const { askChoice, askText, askYes } = await import("../terminal/ask.ts");
  const { askSettings } = await import("../sources/ask-settings.ts");
  const { connectors } = await (await call.client(ConnectorService)).listConnectors(
    {},
    { signal: call.signal },
  );
  const choices = connectors.map(({ name: value, description }) => ({
    value,
    label: value,
    hint: neutralise(description),
  }));
  const chosen = await askChoice("What kind of source?", choices);
  const connector = connectors.find((one) => one.name === chosen) as Connector;
  const displayName =
    name ?? (await askText("Name of the source", { check: (value) => (value ? undefined : "is needed") }));
  const settings = await askSettings(call, connector, await readSettings(options, connector));
  const tested = await testSettings(call, connector.name, settings);
  call.terminal.note(
    tested.connected ? "The connection works." : `It does not work: ${neutralise(tested.reason)}`,
  );
  if (!tested.connected && !(await askYes("Register it anyway?"))) {
    throw new CommandError("nothing was registered", { exitCode: exitCodes.unavailable });
  }
  return { displayName, connector: connector.name, settings };
}

const testSettings = async (call: Call, connector: string, settings: JsonObject) =>
  (await call.client(ConnectorService)).testConnection({ connector, settings }, { signal: call.signal });

const test = command({
  name: "test",
  summary: "Test the settings of a registered or a new source",
  args: ["[source]"],
  options: { connector: text("name", "kind of a new source"), ...settingsOptions },
  examples: ["sources test weather", "sources test --connector postgresql --settings @shop.json"],
  async run(call, [source], options) {
    const { connector, settings } = await settingsOf(call, source, options);
    const response = await testSettings(call, connector, settings);
    await call.show(TestConnectionResponseSchema, response, () =>
      printRecord(call.terminal, TestConnectionResponseSchema, response),
    );
    if (!response.connected) {
      throw new CommandError("the source can't be reached", {
        exitCode: exitCodes.unavailable,
        advice: "correct the settings that the reason names",
      });
    }
  },
});

/** Settings of a registered source, changed by the options, or of the options alone. */
export async function settingsOf(
  call: Call,
  source: string | undefined,
  options: CreateOptions,
): Promise<{ connector: string; settings: JsonObject }> {
  if (source === undefined && options.connector === undefined) {
    throw usageError("the source is missing", "give its name, or --connector and --set");
  }
  const known = source === undefined ? undefined : await getSource(call, source);
  const connector = await getConnector(call, known?.connector ?? options.connector ?? "");
  const changed = await readSettings(options, connector);
  return { connector: connector.name, settings: { ...known?.settings, ...changed } };
}

async function getSource(call: Call, nameOrId: string) {
  const sourceId = await resolveSource(call, nameOrId);
  const { source } = await (await call.client(SourceService)).getSource(
    { sourceId },
    { signal: call.signal },
  );
  return source;
}

const update = command({
  name: "update",
  summary: "Change the name or the settings of a data source",
  args: ["<source>"],
  options: { name: text("name", "new name"), ...settingsOptions },
  examples: ["sources update weather --name seattle-weather", "sources update shop --set port=5433"],
  async run(call, [source], { name, set, settings }) {
    const changesSettings = set.length > 0 || settings !== undefined;
    const paths = [...(name === undefined ? [] : ["display_name"]), ...(changesSettings ? ["settings"] : [])];
    if (paths.length === 0) throw usageError("nothing to change", "give --name, --set or --settings");
    const known = await getSource(call, source);
    const changed = await settingsOf(call, source, { connector: undefined, set, settings });
    const request = {
      // The etag makes sure that settings of somebody else are not undone.
      source: {
        sourceId: known?.sourceId ?? "",
        displayName: name ?? "",
        settings: changed.settings,
        etag: known?.etag ?? "",
      },
      updateMask: { paths },
    };
    const response = await (await call.client(SourceService)).updateSource(request, { signal: call.signal });
    await call.show(UpdateSourceResponseSchema, response, () =>
      printRecord(call.terminal, SourceSchema, response.source),
    );
  },
});

const remove = command({
  name: "delete",
  summary: "Remove a data source and its tables in the catalog",
  args: ["<source>"],
  options: { yes: flag("do not ask", { short: "y" }) },
  examples: ["sources delete weather"],
  async run(call, [source], { yes }) {
    const sourceId = await resolveSource(call, source);
    await confirm(call, `Remove the source ${source} with its tables?`, yes);
    const response = await (await call.client(SourceService)).deleteSource(
      { sourceId },
      { signal: call.signal },
    );
    await call.show(DeleteSourceResponseSchema, response, () => call.terminal.note("Removed."));
  },
});

const move = moveCommand({
  what: "source",
  schema: MoveSourceResponseSchema,
  resolve: resolveSource,
  move: async (call, sourceId, namespace) =>
    (await call.client(SourceService)).moveSource({ sourceId, namespace }, { signal: call.signal }),
  example: "sources mv weather lab",
});

export const sources: CommandGroup = {
  name: "sources",
  summary: "Data sources",
  commands: [list, get, create, test, update, move, remove, connectors],
};
