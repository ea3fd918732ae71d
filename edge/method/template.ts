/** A segment of a template: a literal, `*` for one segment, `**` for all that follow. */
export type Segment =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "one" }
  | { readonly kind: "rest" };

/** A field with its segments of the path: from `start` up to `end`, or to the last one. */
export type Variable = {
  readonly path: string;
  readonly start: number;
  readonly end: number | undefined;
  /** Whether it can match several segments. */
  readonly multi: boolean;
};

export type Template = {
  readonly text: string;
  readonly segments: readonly Segment[];
  readonly variables: readonly Variable[];
  readonly verb: string | undefined;
};

/** A malformed path template. `column` counts from 1. */
class TemplateError extends Error {
  override name = "TemplateError";
  readonly column: number;

  constructor(template: string, column: number, problem: string) {
    super(`${template}: column ${column}: ${problem}`);
    this.column = column;
  }
}

type Cursor = { readonly text: string; at: number };
type Draft = { segments: Segment[]; variables: Variable[] };

const literal = /(?:[A-Za-z0-9\-._~!$&'()+,;@]|%[0-9A-Fa-f]{2})+/y;
const fieldPath = /[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*/y;

/** Parses a template of google.api.http: "/" Segments [ ":" Verb ]. */
export function parseTemplate(text: string): Template {
  // The root, which the grammar has not: its one segment is empty.
  if (text === "/")
    return { text, segments: [{ kind: "literal", text: "" }], variables: [], verb: undefined };
  const cursor: Cursor = { text, at: 0 };
  const draft: Draft = { segments: [], variables: [] };
  expect(cursor, "/");
  readSegments(cursor, draft, false);
  const verb = accept(cursor, ":") ? read(cursor, literal, "a verb") : undefined;
  if (cursor.at < text.length) fail(cursor, "a segment, a verb or the end is expected here");
  return { text, ...draft, verb };
}

function readSegments(cursor: Cursor, draft: Draft, inVariable: boolean): void {
  do {
    if (draft.segments.at(-1)?.kind === "rest") fail(cursor, "nothing but a verb may follow **");
    readSegment(cursor, draft, inVariable);
  } while (accept(cursor, "/"));
}

function readSegment(cursor: Cursor, draft: Draft, inVariable: boolean): void {
  if (accept(cursor, "**")) draft.segments.push({ kind: "rest" });
  else if (accept(cursor, "*")) draft.segments.push({ kind: "one" });
  else if (cursor.text[cursor.at] === "{") readVariable(cursor, draft, inVariable);
  else draft.segments.push({ kind: "literal", text: read(cursor, literal, "a segment") });
}

function readVariable(cursor: Cursor, draft: Draft, inVariable: boolean): void {
  if (inVariable) fail(cursor, "a variable holds no variable");
  expect(cursor, "{");
  const column = cursor.at;
  const path = read(cursor, fieldPath, "a field path");
  if (draft.variables.some((variable) => variable.path === path)) {
    throw new TemplateError(cursor.text, column + 1, `the variable ${path} is there already`);
  }
  const start = draft.segments.length;
  if (accept(cursor, "=")) readSegments(cursor, draft, true);
  else draft.segments.push({ kind: "one" });
  expect(cursor, "}");
  const taken = draft.segments.slice(start);
  const open = taken.at(-1)?.kind === "rest";
  draft.variables.push({
    path,
    start,
    end: open ? undefined : draft.segments.length,
    multi: open || taken.length > 1,
  });
}

function accept(cursor: Cursor, token: string): boolean {
  if (!cursor.text.startsWith(token, cursor.at)) return false;
  cursor.at += token.length;
  return true;
}

function expect(cursor: Cursor, token: string): void {
  if (!accept(cursor, token)) fail(cursor, `${token} is expected here`);
}

function read(cursor: Cursor, pattern: RegExp, what: string): string {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text)?.[0];
  if (found === undefined) return fail(cursor, `${what} is expected here`);
  cursor.at += found.length;
  return found;
}

function fail(cursor: Cursor, problem: string): never {
  throw new TemplateError(cursor.text, cursor.at + 1, problem);
}
