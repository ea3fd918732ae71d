import type { Segment, Template } from "../method/template.ts";

/** The properties of a route that a router needs. */
export type Routed = {
  readonly httpMethod: string;
  readonly template: Template;
  readonly name: string;
  /** Set for a choice of media types. Such a route can share the binding of an earlier one without. */
  readonly formats?: unknown;
};

/** The route with the raw segments of the path, without the verb; or the methods of the path. */
type Lookup<R> =
  | { readonly kind: "found"; readonly route: R; readonly segments: readonly string[] }
  | { readonly kind: "otherMethods"; readonly allowed: readonly string[] }
  | { readonly kind: "nothing" };

export type Router<R> = { find(httpMethod: string, rawPath: string): Lookup<R> };

type Node<R> = {
  readonly literals: Map<string, Node<R>>;
  one?: Node<R>;
  rest?: Node<R>;
  /** Routes that end at this node, by verb ("" for none) and HTTP method. */
  readonly ends: Map<string, Map<string, R>>;
};

type Search<R> = {
  readonly httpMethod: string;
  readonly segments: readonly string[];
  readonly allowed: Set<string>;
  found?: { route: R; segments: readonly string[] };
};

/** Builds a router. Throws for two routes that match the same requests equally well. */
export function createRouter<R extends Routed>(routes: readonly R[]): Router<R> {
  const root = createNode<R>();
  for (const route of routes) insert(root, route);
  return {
    find(httpMethod, rawPath) {
      const search: Search<R> = { httpMethod, segments: rawPath.slice(1).split("/"), allowed: new Set() };
      walk(root, 0, search);
      if (search.found) return { kind: "found", ...search.found };
      if (search.allowed.size > 0) return { kind: "otherMethods", allowed: [...search.allowed].sort() };
      return { kind: "nothing" };
    },
  };
}

const createNode = <R>(): Node<R> => ({ literals: new Map(), ends: new Map() });

function insert<R extends Routed>(root: Node<R>, route: R): void {
  const { segments, verb = "" } = route.template;
  const node = segments.reduce(step, root);
  const byMethod = node.ends.get(verb) ?? new Map<string, R>();
  const other = byMethod.get(route.httpMethod);
  // `choose` decides between the two.
  if (other && route.formats && !other.formats) return;
  if (other) {
    throw new Error(
      `${route.httpMethod} ${route.template.text} of ${route.name} is the route ${other.template.text} of ${other.name} already`,
    );
  }
  node.ends.set(verb, byMethod.set(route.httpMethod, route));
}

function step<R>(node: Node<R>, segment: Segment): Node<R> {
  if (segment.kind === "one") {
    node.one ??= createNode();
    return node.one;
  }
  if (segment.kind === "rest") {
    node.rest ??= createNode();
    return node.rest;
  }
  const next = node.literals.get(segment.text) ?? createNode<R>();
  node.literals.set(segment.text, next);
  return next;
}

/** Tries the most specific branch first, and backtracks where the method is missing. */
function walk<R>(node: Node<R>, at: number, search: Search<R>): boolean {
  const segment = search.segments[at];
  if (segment === undefined) {
    return (
      end(node, "", search.segments, search) ||
      (node.rest !== undefined && end(node.rest, "", search.segments, search))
    );
  }
  if (at === search.segments.length - 1 && withVerb(node, segment, search)) return true;
  const literal = node.literals.get(segment);
  if (literal && walk(literal, at + 1, search)) return true;
  if (node.one && segment !== "" && walk(node.one, at + 1, search)) return true;
  return restEnds(node, search);
}

/** Splits a verb off the last segment only if a route has it: values can contain colons. */
function withVerb<R>(node: Node<R>, segment: string, search: Search<R>): boolean {
  const split = splitVerb(segment);
  if (!split) return false;
  const segments = [...search.segments.slice(0, -1), split.value];
  const ends = (next: Node<R> | undefined): boolean =>
    next !== undefined &&
    (end(next, split.verb, segments, search) ||
      // `**` matches no segment, too.
      (next.rest !== undefined && end(next.rest, split.verb, segments, search)));
  return ends(node.literals.get(split.value)) || (split.value !== "" && ends(node.one));
}

function restEnds<R>({ rest }: Node<R>, search: Search<R>): boolean {
  if (!rest) return false;
  const last = search.segments.at(-1) ?? "";
  const split = splitVerb(last);
  const shortened = split && [...search.segments.slice(0, -1), split.value];
  if (split && shortened && end(rest, split.verb, shortened, search)) return true;
  return end(rest, "", search.segments, search);
}

function splitVerb(segment: string): { value: string; verb: string } | undefined {
  const colon = segment.lastIndexOf(":");
  return colon < 0 ? undefined : { value: segment.slice(0, colon), verb: segment.slice(colon + 1) };
}

function end<R>(node: Node<R>, verb: string, segments: readonly string[], search: Search<R>): boolean {
  const byMethod = node.ends.get(verb);
  if (!byMethod) return false;
  const route = byMethod.get(search.httpMethod);
  if (route) {
    search.found = { route, segments };
    return true;
  }
  for (const method of byMethod.keys()) search.allowed.add(method);
  return false;
}
