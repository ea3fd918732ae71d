import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { usageError } from "../failures/command-error.ts";

/** The part of JSON Schema that describes a setting to people. */
export type SettingSchema = {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly default?: JsonValue;
  readonly items?: SettingSchema;
  readonly anyOf?: readonly SettingSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
};

/** The settings of a connector's sources. */
export type SettingsSchema = {
  readonly properties: Readonly<Record<string, SettingSchema>>;
  readonly required: readonly string[];
};

export function settingsSchemaOf(schema: JsonObject | undefined): SettingsSchema {
  const { properties = {}, required = [] } = (schema ?? {}) as unknown as Partial<SettingsSchema>;
  return { properties, required };
}

/** Settings from `name=value` texts, each by its schema. */
export function parseSettings(texts: readonly string[], schema: SettingsSchema): JsonObject {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf("=");
      if (at < 1) throw usageError(`${text} is not a setting`, "write name=value");
      const name = text.slice(0, at);
      const property = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
      if (!property) {
        throw usageError(
          `there is no setting ${name}`,
          `there are ${Object.keys(schema.properties).join(", ")}`,
        );
      }
      return [name, parseSetting(name, text.slice(at + 1), property)];
    }),
  );
}

/** The value of one setting. Text is text; all else is JSON, and a list can be separated by commas. */
export function parseSetting(name: string, text: string, schema: SettingSchema): JsonValue {
  const problem = checkSetting(text, schema);
  if (problem) throw usageError(`the setting ${name} ${problem}`);
  return settingValue(text, schema);
}

/** What is wrong with the text of a setting. The server knows more rules than these. */
export function checkSetting(text: string, schema: SettingSchema): string | undefined {
  if (schema.enum && !schema.enum.includes(text)) return `is one of ${schema.enum.join(", ")}`;
  if (schema.type === "boolean" && !/^(true|false)$/.test(text)) return "is true or false";
  if (schema.type === "integer" || schema.type === "number") return checkNumber(Number(text), text, schema);
  if (schema.type === "object" && !isJsonObject(text)) return 'is a JSON object, such as {"name": "value"}';
  return undefined;
}

function checkNumber(
  value: number,
  text: string,
  { type, minimum, maximum }: SettingSchema,
): string | undefined {
  if (text.trim() === "" || !Number.isFinite(value) || (type === "integer" && !Number.isInteger(value))) {
    return `is a ${type === "integer" ? "whole " : ""}number`;
  }
  if (minimum !== undefined && value < minimum) return `is at least ${minimum}`;
  return maximum !== undefined && value > maximum ? `is at most ${maximum}` : undefined;
}

const parsed = (text: string): JsonValue | undefined => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const isJsonObject = (text: string): boolean => {
  const value = parsed(text);
  return typeof value === "object" && value !== null && !Array.isArray(value);
};

function settingValue(text: string, { type, items, anyOf }: SettingSchema): JsonValue {
  if (type === "string") return text;
  if (type === "array") return listOf(text, items ?? {});
  const value = parsed(text);
  if (type !== undefined) return value ?? text;
  // One of several types: another one than text if it is one of them.
  const isAllowed = anyOf?.some(
    (one) => (one.type === "integer" && typeof value === "number") || one.type === typeof value,
  );
  return value !== undefined && typeof value !== "object" && isAllowed ? value : text;
}

function listOf(text: string, items: SettingSchema): JsonValue {
  const value = parsed(text);
  if (Array.isArray(value)) return value;
  return text === "" ? [] : text.split(",").map((part) => settingValue(part, items));
}
