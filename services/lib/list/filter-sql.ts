import { and, or, type SQL, type SQLWrapper, sql } from "drizzle-orm";
import { type FieldValue, readValue, type TimeRange } from "./field-values.ts";
import type { Field, Fields } from "./fields.ts";
import { listFieldInvalid, quoted } from "./list-error.ts";
import { type Comparison, type Filter, type Operator, parseFilter } from "./parse-filter.ts";

/** Condition of a filter; undefined for an empty one. Throws INVALID_ARGUMENT with the field and the position. */
export function filterCondition(fields: Fields, text: string): SQL | undefined {
  const filter = parseFilter(text);
  return filter && conditionOf(fields, filter);
}

function conditionOf(fields: Fields, filter: Filter): SQL | undefined {
  if (filter.kind === "comparison") return comparisonOf(fields, filter);
  const operands = filter.operands.map((operand) => conditionOf(fields, operand));
  return filter.kind === "and" ? and(...operands) : or(...operands);
}

function comparisonOf(fields: Fields, comparison: Comparison): SQL {
  const { operator } = comparison;
  const { name, key } = splitName(fields, comparison.field);
  const field = findField(fields, name);
  if (!field) {
    const known = Object.keys(fields).join(", ");
    throw listFieldInvalid(
      "filter",
      comparison.fieldPosition,
      `unknown field ${quoted(name)}, not one of ${known},`,
    );
  }
  const operators = operatorsOf(field, key);
  if (!operators.includes(operator)) {
    const problem = `operator ${operator}, where ${comparison.field} has ${operators.join(" ")},`;
    throw listFieldInvalid("filter", comparison.operatorPosition, problem);
  }
  const value = readValue(field, comparison.value);
  if (typeof value === "string") {
    const problem = `${quoted(comparison.value)}, where ${name} takes ${value},`;
    throw listFieldInvalid("filter", comparison.valuePosition, problem);
  }
  return key === undefined ? compare(field, operator, value) : compareMember(field, operator, key, value);
}

/** `properties.owner` is the member `owner` of the field `properties`, if that one is a map. */
function splitName(fields: Fields, text: string): { name: string; key?: string } {
  const dot = text.indexOf(".");
  if (dot < 0) return { name: text };
  const name = text.slice(0, dot);
  return findField(fields, name)?.kind === "map" ? { name, key: text.slice(dot + 1) } : { name: text };
}

/** A map as a whole has names only, and a member of it has a value. */
function operatorsOf({ kind, operators }: Field, key: string | undefined): readonly Operator[] {
  return kind === "map" ? operators.filter((each) => (each === ":") === (key === undefined)) : operators;
}

function compareMember(
  { value: column }: Field,
  operator: Operator,
  key: string,
  { value }: FieldValue,
): SQL {
  return operator === "="
    ? sql`(${column} <> '{}' and ${column} @> ${JSON.stringify({ [key]: value })}::jsonb)`
    : sql`${column} ->> ${key}::text is distinct from ${value}::text`;
}

/** Fields have both spellings of the contract: `create_time` and `createTime`. */
export function findField<Value>(fields: Readonly<Record<string, Value>>, name: string): Value | undefined {
  const snake = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return [name, snake].filter((each) => Object.hasOwn(fields, each)).map((each) => fields[each])[0];
}

function compare(field: Field, operator: Operator, given: FieldValue): SQL {
  switch (given.kind) {
    case "words":
      return field.isSparse
        ? sql`(${field.value} <> '{}' and ${field.value} @> array[${given.value}]::text[])`
        : sql`${field.value} @> array[${given.value}]::text[]`;
    case "map":
      return sql`(${field.value} <> '{}' and ${field.value} ? ${given.value}::text)`;
    case "time":
      return compareTimes(field.value, operator, given.value);
    case "integer":
      return compareValues(field.value, operator, sql`${given.value.toString()}::bigint`);
    case "boolean":
      return compareValues(field.value, operator, sql`${given.value}::boolean`);
    case "id":
      return compareValues(field.value, operator, sql`${given.value}::uuid`);
    case "word":
      return compareValues(field.value, operator, sql`${given.value}`);
    case "text":
      return compareText(field, operator, field.isNormalized ? given.value.normalize("NFC") : given.value);
  }
}

const compareText = (field: Field, operator: Operator, text: string): SQL =>
  operator === ":" && field.searched
    ? contains(field.searched, text)
    : compareValues(field.value, operator, sql`${text}::text`);

/** Both sides are folded by the server, so that their cases are the same. */
const contains = (column: SQLWrapper, part: string): SQL =>
  sql`lower(${column}) like lower(${`%${part.replaceAll(/[\\%_]/g, "\\$&")}%`}::text)`;

function compareValues(left: SQLWrapper, operator: Operator, right: SQL): SQL {
  // A value that is unset differs from every other.
  return operator === "!="
    ? sql`${left} is distinct from ${right}`
    : sql`${left} ${sql.raw(operator)} ${right}`;
}

/**
 * Compares by whole milliseconds, which is what responses have: the database keeps microseconds. Ranges of the column
 * itself let an index serve them.
 */
function compareTimes(column: SQLWrapper, operator: Operator, { floorMs, ceilMs }: TimeRange): SQL {
  const from = (ms: number): SQL => sql`${column} >= ${timeOf(ms)}`;
  const before = (ms: number): SQL => sql`${column} < ${timeOf(ms)}`;
  const isWhole = floorMs === ceilMs;
  switch (operator) {
    case ">":
      return from(floorMs + 1);
    case ">=":
      return from(ceilMs);
    case "<":
      return before(ceilMs);
    case "<=":
      return before(floorMs + 1);
    case "=":
      return isWhole ? sql`(${from(floorMs)} and ${before(floorMs + 1)})` : sql`false`;
    default:
      // A time that is unset differs from every other.
      return isWhole ? sql`(${column} is null or ${before(floorMs)} or ${from(floorMs + 1)})` : sql`true`;
  }
}

/** Whole seconds and milliseconds apart, because a double has too few digits for both. */
const timeOf = (ms: number): SQL =>
  sql`(to_timestamp(${Math.floor(ms / 1000)}::float8) + ${ms - Math.floor(ms / 1000) * 1000}::int * interval '1 millisecond')`;
