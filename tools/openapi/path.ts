import type { Segment, Template, Variable } from "../../edge/method/template.ts";

/** A parameter of a path: a whole variable of the template, or one of the segments that a variable takes. */
export type PathPart = {
  readonly name: string;
  /** Which variable of the template it is of; undefined for a segment that no variable takes. */
  readonly variable: Variable | undefined;
  /** Which of the variable's open segments it is, from 1; 0 if it is the only one and all of the variable. */
  readonly piece: number;
};

export type SpelledPath = { readonly path: string; readonly parts: readonly PathPart[] };

/** Spells a template as OpenAPI does, where a parameter takes one segment. */
export function spellPath({ segments, variables, verb }: Template): SpelledPath {
  const parts: PathPart[] = [];
  const spelled = segments.map((segment, index) => {
    if (segment.kind === "literal") return segment.text;
    const variable = variables.find(({ start, end = segments.length }) => start <= index && index < end);
    const piece = variable ? pieceAt(segments, variable, index) : 0;
    const short = nameOf(variable, piece, index);
    const isTaken = parts.some(({ name }) => name === short);
    const name = isTaken && variable ? variable.path + suffix(piece) : short;
    parts.push({ name, variable, piece });
    return `{${name}}`;
  });
  return { path: `/${spelled.join("/")}${verb === undefined ? "" : `:${verb}`}`, parts };
}

function pieceAt(segments: readonly Segment[], { start, end }: Variable, index: number): number {
  if (segments.slice(start, end).length === 1) return 0;
  return segments.slice(start, index + 1).filter(({ kind }) => kind !== "literal").length;
}

// Paths that differ in names alone are one path: `{source_id}` and `{source.source_id}` are spelled alike.
function nameOf(variable: Variable | undefined, piece: number, index: number): string {
  if (!variable) return `segment_${index + 1}`;
  return variable.path.slice(variable.path.lastIndexOf(".") + 1) + suffix(piece);
}

const suffix = (piece: number): string => (piece === 0 ? "" : `_${piece}`);

/** Gives paths of one shape the names of the first of them. */
export function createPaths(): (spelled: SpelledPath) => SpelledPath {
  const known = new Map<string, SpelledPath>();
  return (spelled) => {
    const shape = spelled.path.replaceAll(/\{[^}]+\}/g, "{}");
    const first = known.get(shape) ?? spelled;
    known.set(shape, first);
    const parts = spelled.parts.map((part, index) => ({
      ...part,
      name: first.parts[index]?.name ?? part.name,
    }));
    return { path: first.path, parts };
  };
}
