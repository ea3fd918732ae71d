import { invalidField } from "../../services/lib/errors.ts";

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/** How deep objects and arrays may nest. */
const depthMax = 100;

const token = /"(?:[^"\\]|\\.)*"|[[\]{},:]|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The text that JSON's bytes are. */
export function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw invalidField("body", "is not UTF-8");
  }
}

/** Reads JSON more strictly than JSON.parse: limited depth, no key twice, no integer that a double would change. */
export function parseJson(text: string): JsonValue {
  let value: JsonValue;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalidField("body", `is not JSON: ${mistakeIn(error)}`);
  }
  scan(text);
  return value;
}

// V8 quotes the text around the mistake, which may be a whole password.
const mistakeIn = (error: unknown): string => {
  const { message } = error as Error;
  const position = /position \d+/.exec(message)?.[0];
  return position ? `unexpected character at ${position}` : "it ends early or is empty";
};

type Level = { readonly keys: Set<string> | undefined; label: string; index: number; atKey: boolean };

/** Walks over the tokens of a text that JSON.parse accepted. */
function scan(text: string): void {
  const levels: Level[] = [];
  for (const [found] of text.matchAll(token)) {
    const level = levels.at(-1);
    const first = found.charAt(0);
    if (first === "{" || first === "[") open(levels, first === "{");
    else if (first === "}" || first === "]") levels.pop();
    else if (first === ",") nextMember(level);
    else if (first === '"') readString(levels, found);
    else if (first !== ":") checkNumber(levels, found);
  }
}

function open(levels: Level[], isObject: boolean): void {
  if (levels.length >= depthMax) throw invalidField("body", `is nested deeper than ${depthMax}`);
  levels.push({ keys: isObject ? new Set() : undefined, label: "", index: 0, atKey: isObject });
}

function nextMember(level: Level | undefined): void {
  if (!level) return;
  level.atKey = level.keys !== undefined;
  level.index += 1;
}

function readString(levels: Level[], found: string): void {
  const level = levels.at(-1);
  if (!level?.keys || !level.atKey) return;
  level.label = found.includes("\\") ? JSON.parse(found) : found.slice(1, -1);
  level.atKey = false;
  if (level.keys.has(level.label)) throw invalidField(pathOf(levels), "is there more than once");
  level.keys.add(level.label);
}

function checkNumber(levels: Level[], found: string): void {
  if (/^-?\d+$/.test(found) && !Number.isSafeInteger(Number(found))) {
    throw invalidField(pathOf(levels) || "body", "is an integer beyond 2^53: write it as a string");
  }
}

function pathOf(levels: readonly Level[]): string {
  return levels
    .map(({ keys, label, index }) => (keys ? `.${label}` : `[${index}]`))
    .join("")
    .replace(/^\./, "");
}
