import type { Segment, Template, Variable } from "../../edge/method/template.ts";

/** A parameter of a path: a variable of the template, or one of its segments. */
export type PathPart = {
  readonly name: string;
  /** Index of the variable; undefined for a wildcard outside of variables. */
  readonly variable: Variable | undefined;
  /** Number of the wildcard in the variable, from 1; 0 if it is the whole variable. */
  readonly wildcard: number;
};

export type OpenApiPath = { readonly path: string; readonly parts: readonly PathPart[] };

/** Writes a template in the syntax of OpenAPI, where a parameter matches one segment. */
export function writePath({ segments, variables, verb }: Template): OpenApiPath {
  const parts: PathPart[] = [];
  const written = segments.map((segment, index) => {
    if (segment.kind === "literal") return segment.text;
    const variable = variables.find(({ start, end = segments.length }) => start <= index && index < end);
    const wildcard = variable ? wildcardAt(segments, variable, index) : 0;
    const short = nameOf(variable, wildcard, index);
    const isTaken = parts.some(({ name }) => name === short);
    const name = isTaken && variable ? variable.path + suffix(wildcard) : short;
    parts.push({ name, variable, wildcard });
    return `{${name}}`;
  });
  return { path: `/${written.join("/")}${verb === undefined ? "" : `:${verb}`}`, parts };
}

function wildcardAt(segments: readonly Segment[], { start, end }: Variable, index: number): number {
  if (segments.slice(start, end).length === 1) return 0;
  return segments.slice(start, index + 1).filter(({ kind }) => kind !== "literal").length;
}

// In OpenAPI, paths that differ in parameter names only are the same path, as `{source_id}` and `{source.source_id}`.
function nameOf(variable: Variable | undefined, wildcard: number, index: number): string {
  if (!variable) return `segment_${index + 1}`;
  return variable.path.slice(variable.path.lastIndexOf(".") + 1) + suffix(wildcard);
}

const suffix = (wildcard: number): string => (wildcard === 0 ? "" : `_${wildcard}`);

/** Renames parameters so that equal paths have the names of the first one. */
export function createPaths(): (written: OpenApiPath) => OpenApiPath {
  const known = new Map<string, OpenApiPath>();
  return (written) => {
    const shape = written.path.replaceAll(/\{[^}]+\}/g, "{}");
    const first = known.get(shape) ?? written;
    known.set(shape, first);
    const parts = written.parts.map((part, index) => ({
      ...part,
      name: first.parts[index]?.name ?? part.name,
    }));
    return { path: first.path, parts };
  };
}
