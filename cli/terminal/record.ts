import { type DescField, type DescMessage, isMessage, type MessageShape } from "@bufbuild/protobuf";
import { neutralise } from "./neutralise.ts";
import type { Terminal } from "./terminal.ts";
import { formatScalar } from "./value.ts";
import { pad } from "./width.ts";

/** A field for people: its name in words and its value. */
type Line = { readonly name: string; readonly value: string };

/** Prints the fields of a message that are set, one on each line. */
export function printRecord<Desc extends DescMessage>(
  terminal: Terminal,
  schema: Desc,
  message: MessageShape<Desc> | undefined,
): void {
  if (message) printLines(terminal, linesOf(schema, message as Readonly<Record<string, unknown>>));
}

/** Prints names and values in two columns. */
export function printLines(terminal: Terminal, lines: readonly Line[]): void {
  const width = Math.max(0, ...lines.map(({ name }) => name.length));
  for (const { name, value } of lines) {
    terminal.print(`${terminal.style(pad(neutralise(name), width), "dim")}  ${neutralise(value)}`.trimEnd());
  }
}

const linesOf = (schema: DescMessage, message: Readonly<Record<string, unknown>>, prefix = ""): Line[] =>
  schema.fields.flatMap((field) => {
    const name = `${prefix}${field.name.replaceAll("_", " ")}`;
    return fieldLines(field, name, fieldValue(message, field));
  });

function fieldValue(message: Readonly<Record<string, unknown>>, field: DescField): unknown {
  if (!field.oneof) return message[field.localName];
  const chosen = message[field.oneof.localName] as { case?: string; value?: unknown } | undefined;
  return chosen?.case === field.localName ? chosen.value : undefined;
}

function fieldLines(field: DescField, name: string, value: unknown): Line[] {
  if (isUnset(value)) return [];
  if (field.fieldKind === "list" && Array.isArray(value)) {
    if (!field.message) return [{ name, value: value.map((one) => formatScalar(field, one)).join(", ") }];
    const { message } = field;
    return value.flatMap((one, at) => nestedLines(message, `${name} ${at + 1}`, one, field));
  }
  if (field.fieldKind === "map") {
    const entries = Object.entries(value as Readonly<Record<string, unknown>>);
    return [{ name, value: entries.map(([key, one]) => `${key}=${formatScalar(field, one)}`).join(", ") }];
  }
  return field.message
    ? nestedLines(field.message, name, value, field)
    : [{ name, value: formatScalar(field, value) }];
}

/** Fields of a message inside another one; those of Google's types are one value. */
function nestedLines(schema: DescMessage, name: string, value: unknown, field: DescField): Line[] {
  if (!isMessage(value) || schema.typeName.startsWith("google.protobuf.")) {
    return [{ name, value: formatScalar(field, value) }];
  }
  return linesOf(schema, value as unknown as Readonly<Record<string, unknown>>, `${name}: `);
}

const isUnset = (value: unknown): boolean =>
  value === undefined || value === "" || (Array.isArray(value) && value.length === 0) || isEmptyMap(value);

const isEmptyMap = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !isMessage(value) && Object.keys(value).length === 0;
