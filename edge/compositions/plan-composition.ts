import type { Route } from "../method/route.ts";
import { parseTemplate, type Template } from "../method/template.ts";
import { createRouter } from "../rest/router.ts";
import { fillTemplate, type PathTemplate, parsePathTemplate, referencesOf } from "./expression.ts";
import { type CompositionSettings, refuse } from "./read-compositions.ts";

/** A composition that was checked at start. */
export type Composition = {
  readonly name: string;
  readonly httpMethod: "GET";
  readonly template: Template;
  readonly query: readonly string[];
  readonly includesErrors: boolean;
  /** In an order in which each call follows those whose results it needs. */
  readonly calls: readonly PlannedCall[];
};

export type PlannedCall = {
  readonly name: string;
  readonly path: PathTemplate;
  readonly needs: readonly string[];
};

/** Plans compositions against the routes of the contracts. Throws a ConfigError with every problem. */
export function planCompositions(
  settings: readonly CompositionSettings[],
  routes: readonly Route[],
): Composition[] {
  const find = createRouter(routes).find;
  const problems: string[] = [];
  const planned = settings.flatMap((one) => {
    try {
      return [planOne(one, find)];
    } catch (error) {
      problems.push(`${one.path}: ${(error as Error).message}`);
      return [];
    }
  });
  if (problems.length > 0) refuse(problems);
  return planned;
}

type Find = ReturnType<typeof createRouter<Route>>["find"];

function planOne({ path, query, onError, calls }: CompositionSettings, find: Find): Composition {
  const template = parseTemplate(path);
  const wildcards = template.segments.filter(({ kind }) => kind !== "literal");
  if (template.verb || wildcards.length !== template.variables.length)
    throw new Error("can have variables of one segment only, and no verb");
  if (find("GET", path.replaceAll(/\{[^}]*\}/g, "x")).kind !== "nothing")
    throw new Error("is a path of a contract");
  const variables = template.variables.map((variable) => variable.path);
  const planned = Object.entries(calls).map(([name, call]) => {
    try {
      return planCall(name, call.path, { variables, query, names: Object.keys(calls), find });
    } catch (error) {
      throw new Error(`call ${name}: ${(error as Error).message}`);
    }
  });
  return {
    name: path,
    httpMethod: "GET",
    template,
    query,
    includesErrors: onError === "include",
    calls: inOrder(planned),
  };
}

function planCall(
  name: string,
  text: string,
  known: { variables: readonly string[]; query: readonly string[]; names: readonly string[]; find: Find },
): PlannedCall {
  const path = parsePathTemplate(text);
  const references = referencesOf(path);
  const names = { path: known.variables, query: known.query, calls: known.names };
  for (const { from, name: named } of references) {
    if (!names[from].includes(named)) throw new Error(`there is no ${from}.${named}`);
  }
  const found = known.find("GET", fillTemplate(path, () => "x").split("?", 1)[0] ?? "");
  if (found.kind !== "found") throw new Error(`GET ${text} is no method of a contract`);
  if (found.route.method.methodKind !== "unary" || found.route.response.rawBody)
    throw new Error(`GET ${text} has no single JSON answer`);
  const needs = references.flatMap((one) => (one.from === "calls" ? [one.name] : []));
  return { name, path, needs: [...new Set(needs)] };
}

function inOrder(calls: readonly PlannedCall[]): PlannedCall[] {
  const ordered: PlannedCall[] = [];
  while (ordered.length < calls.length) {
    const done = new Set(ordered.map(({ name }) => name));
    const next = calls.filter(({ name, needs }) => !done.has(name) && needs.every((one) => done.has(one)));
    if (next.length === 0) throw new Error("calls need one another's results in a circle");
    ordered.push(...next);
  }
  return ordered;
}
