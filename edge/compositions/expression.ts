/** A part of a template: text, or the place of a value. */
type Part = string | Reference;

/** A value of the request, or of the result of another call. */
export type Reference =
  | { readonly from: "path" | "query"; readonly name: string }
  | { readonly from: "calls"; readonly name: string; readonly keys: readonly string[] };

/** The path of a call, and its query as `name=value` pairs. */
export type PathTemplate = {
  readonly text: string;
  readonly path: readonly Part[];
  readonly query: readonly (readonly Part[])[];
};

const namePattern = "[A-Za-z][A-Za-z0-9_]{0,62}";
const referencePattern = new RegExp(
  `^(?:(path|query)\\.(${namePattern})|calls\\.(${namePattern})((?:\\.[A-Za-z0-9_]{1,63}){1,16}))$`,
);

/** Parses `/api/v1/users/{path.user_id}?pageSize={query.size}`. Throws for an expression that is none. */
export function parsePathTemplate(text: string): PathTemplate {
  const [path = "", ...rest] = text.split("?");
  if (rest.length > 1) throw new Error("has more than one ?");
  if (!path.startsWith("/")) throw new Error("must begin with /");
  if (!/^[\x21-\x7e]*$/.test(text)) throw new Error("has a character that must be percent-encoded");
  const pairs = (rest[0] ?? "").split("&").filter((pair) => pair !== "");
  return { text, path: parseParts(path), query: pairs.map(parseParts) };
}

function parseParts(text: string): Part[] {
  return text.split(/(\{[^}]*\})/).flatMap((piece): Part[] => {
    if (piece === "") return [];
    if (piece.startsWith("{") && piece.endsWith("}")) return [parseReference(piece.slice(1, -1))];
    if (/[{}]/.test(piece)) throw new Error("has a { or } outside of an expression");
    return [piece];
  });
}

function parseReference(text: string): Reference {
  const [, from, name, call, keys] = referencePattern.exec(text) ?? [];
  if (from && name) return { from: from as "path" | "query", name };
  if (call && keys) return { from: "calls", name: call, keys: keys.slice(1).split(".") };
  throw new Error(`{${text}} is none of path.<name>, query.<name> and calls.<name>.<field>`);
}

/** All values that a template needs. */
export const referencesOf = ({ path, query }: PathTemplate): Reference[] =>
  [path, ...query].flat().filter((part) => typeof part !== "string");

/** Fills a template with percent-encoded values. A pair of the query without its value is left out. */
export function fillTemplate(
  { path, query }: PathTemplate,
  readValue: (reference: Reference) => string | undefined,
): string {
  const fill = (parts: readonly Part[]): string | undefined => {
    const texts = parts.map((part) => (typeof part === "string" ? part : encoded(readValue(part))));
    return texts.includes(undefined) ? undefined : texts.join("");
  };
  const filled = fill(path);
  if (filled === undefined) throw new Error("a value of the path was not checked before");
  const pairs = query.flatMap((pair) => fill(pair) ?? []);
  return pairs.length > 0 ? `${filled}?${pairs.join("&")}` : filled;
}

const encoded = (value: string | undefined): string | undefined =>
  value === undefined ? undefined : encodeURIComponent(value);
