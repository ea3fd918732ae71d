import { EngineFailure } from "../engine-failure.ts";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** Common table expressions in scope: those of `names` before the index `below`, and the outer ones. */
export type Scope = {
  readonly outer: Scope | undefined;
  readonly names: ReadonlyMap<string, number>;
  readonly below: number;
};

/** Scope and nesting depth of a value in the statement. */
export type Nesting = {
  readonly scope: Scope | undefined;
  /** Number of enclosing subqueries in expressions. */
  readonly subqueries: number;
  /** Number of enclosing lambdas and arrows. */
  readonly lambdas: number;
};

/**
 * The context of a check. Inner values are queued rather than visited recursively, so that deep nesting can't exhaust the
 * stack.
 */
export type Visit = {
  readonly nesting: Nesting;
  readonly source: Source;
  /** The rule of queries, for subqueries in expressions. */
  readonly query: Rule;
  check(value: Json | undefined, rule: Rule, nesting?: Nesting): void;
};

/** A table as a statement names it. Parts that it leaves out are empty. */
export type TableName = { readonly catalog: string; readonly schema: string; readonly name: string };

/** The readable tables. */
export type Source = {
  /** What tables there are, for messages. */
  readonly known: string;
  hasTable(table: TableName): boolean;
  /** Whether a lower-case name is a column, or an alias anywhere in the statement. */
  hasColumn(name: string): boolean;
};

/** Throws for a value that is not allowed, and queues its inner values. */
export type Rule = (value: Json, visit: Visit) => void;

/** Names are truncated in messages. */
const nameCharactersMax = 80;

export const refused = (message: string): EngineFailure => new EngineFailure("statementRefused", message);

/** Quotes a name for a message. */
export const named = (name: unknown): string => {
  const text = String(name);
  return JSON.stringify(text.length > nameCharactersMax ? `${text.slice(0, nameCharactersMax)}…` : text);
};

/** DuckDB's names are case-insensitive for ASCII letters only. */
export const fold = (name: unknown): string =>
  String(name).replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

export const isObject = (value: Json | undefined): value is JsonObject =>
  value !== null && typeof value === "object" && !Array.isArray(value);

/** A scalar that needs no check. */
export const plain: Rule = (value) => {
  if (value !== null && typeof value === "object")
    throw refused("the statement has a part that is not known");
};

/** Data that contains no names: the value of a constant, the indexes of grouping sets. */
export const data: Rule = () => {};

export const list =
  (rule: Rule): Rule =>
  (value, visit) => {
    if (!Array.isArray(value)) throw refused("the statement has a part that is not known");
    for (const item of value) visit.check(item, rule);
  };

export const oneOf =
  (...allowed: readonly string[]): Rule =>
  (value) => {
    if (!allowed.includes(value as string)) throw refused(`${named(value)} is not available`);
  };

export const absent =
  (message: string): Rule =>
  () => {
    throw refused(message);
  };

/** An object with known fields only. */
export const record =
  (kind: string, fields: Readonly<Record<string, Rule>>): Rule =>
  (value, visit) => {
    if (!isObject(value)) throw refused(`a ${kind} of this form is not available`);
    for (const [name, inner] of Object.entries(value)) {
      const rule = Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (!rule) throw refused(`${named(name)} of a ${kind} is not available`);
      visit.check(inner, rule);
    }
  };

/** An object checked by the rule that its field `key` selects. */
export const variant =
  (kind: string, key: string, rules: Readonly<Record<string, Rule>>): Rule =>
  (value, visit) => {
    const name = isObject(value) ? value[key] : undefined;
    const rule = typeof name === "string" && Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (!rule) throw refused(`the ${kind} ${named(name)} is not available`);
    rule(value, visit);
  };

/** Checks an object before its fields. */
export const checked =
  (check: (value: JsonObject, visit: Visit) => void, rule: Rule): Rule =>
  (value, visit) => {
    if (isObject(value)) check(value, visit);
    rule(value, visit);
  };

/** Checks a value and its inner values in the order of the statement. */
export function checkAll(value: Json, rule: Rule, { source, query }: { source: Source; query: Rule }): void {
  const queue: [Json, Rule, Nesting][] = [[value, rule, { scope: undefined, subqueries: 0, lambdas: 0 }]];
  for (let next = queue.pop(); next; next = queue.pop()) {
    const [item, itemRule, nesting] = next;
    const inside: typeof queue = [];
    itemRule(item, {
      nesting,
      source,
      query,
      check(inner, innerRule, innerNesting = nesting) {
        if (inner !== undefined) inside.push([inner, innerRule, innerNesting]);
      },
    });
    for (const inner of inside.reverse()) queue.push(inner);
  }
}
