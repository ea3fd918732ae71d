import { readFile } from "node:fs/promises";
import { text as readText } from "node:stream/consumers";
import type { JsonObject } from "@bufbuild/protobuf";
import { type Connector, ConnectorService } from "../../gen/sluice/orchestration/v1/connectors_pb.ts";
import type { Call } from "../command/call.ts";
import { many, text } from "../command/options.ts";
import { usageError } from "../failures/command-error.ts";
import { parseSettings, settingsSchemaOf } from "./setting-schema.ts";

/** Options for the settings of a source. */
export const settingsOptions = {
  set: many("name=value", "a setting; can be repeated"),
  settings: text("json", "settings as a JSON object, @file or - for standard input"),
};

export type SettingsOptions = { readonly set: readonly string[]; readonly settings: string | undefined };

export async function getConnector(call: Call, name: string): Promise<Connector> {
  const client = await call.client(ConnectorService);
  const { connector } = await client.getConnector({ connector: name }, { signal: call.signal });
  if (!connector) throw new TypeError("the response has no connector");
  return connector;
}

/** The settings of the options; `--set` overrides `--settings`. */
export async function readSettings(options: SettingsOptions, connector: Connector): Promise<JsonObject> {
  const whole = options.settings === undefined ? {} : parseObject(await readJson(options.settings));
  return { ...whole, ...parseSettings(options.set, settingsSchemaOf(connector.settingsSchema)) };
}

async function readJson(given: string): Promise<string> {
  if (given === "-") return readText(process.stdin);
  return given.startsWith("@") ? readFile(given.slice(1), "utf8") : given;
}

function parseObject(json: string): JsonObject {
  try {
    const value = JSON.parse(json);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Reported below, because settings that are no object are the same mistake.
  }
  throw usageError("the settings are not a JSON object", 'write one such as {"fileId": "…"}');
}
