import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { type Secret, SecretService } from "../../gen/sluice/identity/v1/secrets_pb.ts";
import type { Connector } from "../../gen/sluice/orchestration/v1/connectors_pb.ts";
import { FileCategory, FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import type { Call } from "../command/call.ts";
import { readAll } from "../command/list.ts";
import { askChoice, askChoices, askSecret, askText, askYes } from "../terminal/ask.ts";
import { neutralise } from "../terminal/neutralise.ts";
import { formatSize } from "../terminal/value.ts";
import { checkSetting, parseSetting, type SettingSchema, settingsSchemaOf } from "./setting-schema.ts";

/** Asks for the settings that are not given yet, in the order of the connector's schema. */
export async function askSettings(call: Call, connector: Connector, given: JsonObject): Promise<JsonObject> {
  const { properties, required } = settingsSchemaOf(connector.settingsSchema);
  const settings: JsonObject = { ...given };
  const ask = async (name: string) => {
    const schema = properties[name] ?? {};
    settings[name] = await askSetting(call, { name, schema, connector: connector.name, settings });
  };
  for (const name of Object.keys(properties)) {
    if (required.includes(name) && !(name in settings)) await ask(name);
  }
  const optional = Object.entries(properties).filter(([name]) => !(name in settings));
  if (optional.length === 0) return settings;
  const chosen = await askChoices(
    "Other settings (space selects, enter continues)",
    optional.map(([name, { description = "" }]) => ({
      value: name,
      label: name,
      hint: neutralise(description),
    })),
  );
  for (const name of chosen) await ask(name);
  return settings;
}

type Question = { name: string; schema: SettingSchema; connector: string; settings: JsonObject };

/** Asks for one setting, by its kind. */
async function askSetting(call: Call, question: Question): Promise<JsonValue> {
  const { name, schema } = question;
  const message = neutralise(`${name}: ${schema.description ?? ""}`);
  if (name === "fileId") return askFile(call, message);
  if (name.endsWith("Secret")) return askSecretName(call, message, question);
  if (schema.enum) {
    return askChoice(
      message,
      schema.enum.map((value) => ({ value, label: neutralise(value) })),
    );
  }
  if (schema.type === "boolean") return askYes(message, schema.default === true);
  const initial = schema.default === undefined ? {} : { initial: String(schema.default) };
  const text = await askText(message, { ...initial, check: (value) => checkSetting(value, schema) });
  return parseSetting(name, text, schema);
}

async function askFile(call: Call, message: string): Promise<string> {
  const request = { category: FileCategory.UPLOAD };
  const files = await readAll(call, FileService, FileService.method.listFiles, request, (page) => page.files);
  if (files.length === 0) return askText(message, { placeholder: "`sluice files put` prints it" });
  // Ids begin with the time.
  const newest = files.toSorted((a, b) => (a.fileId < b.fileId ? 1 : -1)).slice(0, 50);
  return askChoice(
    message,
    newest.map(({ fileId, name, sizeBytes }) => ({
      value: fileId,
      label: neutralise(name),
      hint: formatSize(sizeBytes),
    })),
  );
}

const newSecret = "\0new";

/** Asks for the name of a secret, and stores a new one if the user wants that. */
async function askSecretName(call: Call, message: string, question: Question): Promise<string> {
  const secrets = await readAll(
    call,
    SecretService,
    SecretService.method.listSecrets,
    {},
    (page) => page.secrets,
  );
  const choice = await askChoice(message, [
    ...secrets.map(({ name }: Secret) => ({ value: name, label: name })),
    { value: newSecret, label: "store a new secret" },
  ]);
  if (choice !== newSecret) return choice;
  const name = await askText("Name of the new secret", {
    check: (value) => (value ? undefined : "is needed"),
  });
  const value = await askSecret("Its value");
  const { host, port } = question.settings;
  const destination = { connector: question.connector, host: String(host ?? ""), port: Number(port ?? 5432) };
  await (await call.client(SecretService)).putSecret({
    name,
    value,
    destinations: host ? [destination] : [],
  });
  return name;
}
