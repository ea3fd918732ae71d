import { EngineFailure } from "../engine-failure.ts";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** Names of common table expressions that a part of the statement sees: those of `names` before the index `below`. */
export type Scope = {
  readonly outer: Scope | undefined;
  readonly names: ReadonlyMap<string, number>;
  readonly below: number;
};

/** Position of a value in the statement. */
export type Place = {
  readonly scope: Scope | undefined;
  /** Subqueries in expressions around it. */
  readonly subqueries: number;
  /** Lambdas and arrows around it. */
  readonly lambdas: number;
};

/** The context of a check. Inner values are queued, so that deep nesting does not use up the stack. */
export type Visit = {
  readonly place: Place;
  readonly source: Source;
  /** The rule of a query, which an expression may have inside. */
  readonly query: Rule;
  check(value: Json | undefined, rule: Rule, place?: Place): void;
};

/** The table that the statement may read. */
export type Source = {
  readonly tableName: string;
  /** Whether a name in lower case is that of a column, or is given as an alias somewhere in the statement. */
  hasColumn(name: string): boolean;
};

/** Throws for a value that is not on the list, and queues its inner values. */
export type Rule = (value: Json, visit: Visit) => void;

/** Longest name of a statement that a message repeats. */
const nameCharactersMax = 80;

export const refused = (message: string): EngineFailure => new EngineFailure("statementRefused", message);

/** A name of the statement's as it goes into a message. */
export const named = (name: unknown): string => {
  const text = String(name);
  return JSON.stringify(text.length > nameCharactersMax ? `${text.slice(0, nameCharactersMax)}…` : text);
};

/** DuckDB compares names without regard to the case of ASCII letters, and of no others. */
export const fold = (name: unknown): string =>
  String(name).replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

export const isObject = (value: Json | undefined): value is JsonObject =>
  value !== null && typeof value === "object" && !Array.isArray(value);

/** A text, number or flag that needs no check of its own. */
export const plain: Rule = (value) => {
  if (value !== null && typeof value === "object")
    throw refused("the statement has a part that is not known");
};

/** Data without names: a constant's value, the indexes of grouping sets. */
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

/** An object of which every field is known. */
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

/** An object whose field `key` says which of the rules holds for it. */
export const variant =
  (kind: string, key: string, rules: Readonly<Record<string, Rule>>): Rule =>
  (value, visit) => {
    const name = isObject(value) ? value[key] : undefined;
    const rule = typeof name === "string" && Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (!rule) throw refused(`the ${kind} ${named(name)} is not available`);
    rule(value, visit);
  };

/** Checks a value as a whole before its fields. */
export const checked =
  (check: (value: JsonObject, visit: Visit) => void, rule: Rule): Rule =>
  (value, visit) => {
    if (isObject(value)) check(value, visit);
    rule(value, visit);
  };

/** Checks a value and all inner values, in the statement's order. */
export function checkAll(value: Json, rule: Rule, { source, query }: { source: Source; query: Rule }): void {
  const queue: [Json, Rule, Place][] = [[value, rule, { scope: undefined, subqueries: 0, lambdas: 0 }]];
  for (let next = queue.pop(); next; next = queue.pop()) {
    const [item, itemRule, place] = next;
    const inside: typeof queue = [];
    itemRule(item, {
      place,
      source,
      query,
      check(inner, innerRule, innerPlace = place) {
        if (inner !== undefined) inside.push([inner, innerRule, innerPlace]);
      },
    });
    for (const inner of inside.reverse()) queue.push(inner);
  }
}
