import { z } from "zod";
import { sourceDataInvalid } from "../../errors.ts";

/** The longest name of a schema, table or column that is taken, in characters. PostgreSQL's own have 63 bytes. */
const nameCharactersMax = 1000;
const typeCharactersMax = 500;
const versionCharactersMax = 100;
const rowCountMax = 2n ** 63n - 1n;

/** Text that our database and JSON take: a server can send half a character, or a NUL, in JSON. */
const text = (charactersMax: number) =>
  z
    .string()
    .min(1)
    .max(charactersMax)
    .refine((value) => value.isWellFormed() && !value.includes("\0"), "has characters that no text has");

const name = text(nameCharactersMax);
const typeName = text(typeCharactersMax);
/** Numbers that PostgreSQL sends as text. */
const digits = z.string().regex(/^-?\d{1,10}$/);

/** A count that makes no sense is none. */
const rowCount = z.unknown().transform((value) => {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const count = /^\d{1,19}$/.test(String(value)) ? BigInt(value) : undefined;
  return count !== undefined && count <= rowCountMax ? count : undefined;
});

export const tableAnswer = z.object({
  schemaName: name,
  name,
  columns: z.array(z.object({ name, dataType: typeName, nullable: z.boolean() })),
  rowCount,
});

export const versionAnswer = z.object({ version: text(versionCharactersMax) });

const planRows = z
  .number()
  .nonnegative()
  .transform((rows) => Math.min(Math.round(rows), Number.MAX_SAFE_INTEGER));
export const explainAnswer = z.object({
  "QUERY PLAN": z.tuple([z.object({ Plan: z.object({ "Plan Rows": planRows }) })]),
});

/** A snapshot's name goes into a statement as it is. */
export const snapshotAnswer = z.object({
  name: z.string().regex(/^[0-9A-Fa-f-]{1,100}$/),
  time: z
    .string()
    .regex(/^\d{1,15}$/)
    .transform((milliseconds) => new Date(Number(milliseconds))),
});

const flag = z.union([z.boolean(), z.literal("").transform(() => false)]);
export const layoutAnswer = z.object({ pages: digits.transform(Number).nullable(), isRewritten: flag });
export const columnTypeAnswer = z.object({
  name,
  oid: digits.transform(Number),
  modifier: digits.transform(Number),
  isArray: flag,
});
/** Table and number of a column, and its type's length or precision as the server packs it. */
export const modifierAnswer = z.object({
  table: digits.transform(Number),
  number: digits.transform(Number),
  modifier: digits.transform(Number),
});
export const typeAnswer = z.object({
  oid: digits.transform(Number),
  name: typeName,
  element: digits.transform(Number),
  isArray: flag,
});

/**
 * What the server answers, as it should be and without anything else. FailedPrecondition (SOURCE_DATA_INVALID) names
 * what is wrong of `what`.
 */
export function checkAnswer<T>(schema: z.ZodType<T>, answer: unknown, what: string): T {
  const { data, error } = schema.safeParse(answer);
  if (error === undefined) return data;
  const [{ path, message } = { path: [], message: "is missing" }] = error.issues;
  const place = path.length === 0 ? "" : `${path.join(".")}: `;
  throw sourceDataInvalid(`the source's ${what} can't be used: ${place}${lowerFirst(message)}`);
}

const lowerFirst = (message: string): string => message.charAt(0).toLowerCase() + message.slice(1);
