import { z } from "zod";
import { sourceDataInvalid } from "../../errors.ts";

/** Maximum of a name in characters. PostgreSQL's own have up to 63 bytes. */
const nameCharactersMax = 1000;
const typeCharactersMax = 500;
const rowCountMax = 2n ** 63n - 1n;
/** Characters of comments, and foreign keys of one table. The contract states them, too. */
const commentCharactersMax = 4000;
const columnCommentCharactersMax = 1000;
export const foreignKeysMax = 100;

/** Text that the service's database and JSON accept: a server can send lone surrogates or a NUL in JSON. */
export const replyText = (charactersMax: number) =>
  z
    .string()
    .min(1)
    .max(charactersMax)
    .refine((value) => value.isWellFormed() && !value.includes("\0"), "has characters that no text has");

export const replyName = replyText(nameCharactersMax);
export const replyTypeName = replyText(typeCharactersMax);

/** A count that makes no sense is unknown. */
const rowCount = z.unknown().transform((value) => {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const count = /^\d{1,19}$/.test(String(value)) ? BigInt(value) : undefined;
  return count !== undefined && count <= rowCountMax ? count : undefined;
});

/** A comment, cut to its first characters. One that no text may contain counts as none. */
const comment = (charactersMax: number) =>
  z
    .string()
    .transform((value) => [...value].slice(0, charactersMax).join(""))
    .transform((value) => (value.isWellFormed() && !value.includes("\0") ? value : ""));

const foreignKey = z.object({
  name: z.literal("").or(replyName),
  columns: z.array(replyName).min(1),
  referencedSchemaName: replyName,
  referencedTableName: replyName,
  referencedColumns: z.array(replyName).min(1),
});

/** What a source says beside: each part is optional, and null is nothing. */
const details = z.object({
  sizeBytes: rowCount.optional(),
  comment: comment(commentCharactersMax).nullish().transform(nullIsUnset),
  columnComments: z.record(z.string(), comment(columnCommentCharactersMax)).nullish().transform(nullIsUnset),
  primaryKey: z.array(replyName).nullish().transform(nullIsUnset),
  foreignKeys: z.array(foreignKey).max(foreignKeysMax).nullish().transform(nullIsUnset),
});

/** A table in a list of tables. A row source leaves out what it does not know. */
export const tableReply = z.object({
  schemaName: replyName,
  name: replyName,
  columns: z.array(z.object({ name: replyName, dataType: replyTypeName, nullable: z.boolean() })),
  rowCount: rowCount.optional(),
  details: details.nullish().transform(nullIsUnset),
});
export type CheckedTable = z.output<typeof tableReply>;

function nullIsUnset<Value>(value: Value | null | undefined): Value | undefined {
  return value ?? undefined;
}

/** Parses a reply of a server and drops unknown fields. FailedPrecondition (SOURCE_DATA_INVALID) names `subject`. */
export function checkReply<T>(schema: z.ZodType<T>, reply: unknown, subject: string): T {
  const { data, error } = schema.safeParse(reply);
  if (error === undefined) return data;
  const [{ path, message } = { path: [], message: "is missing" }] = error.issues;
  const field = path.length === 0 ? "" : `${path.join(".")}: `;
  throw sourceDataInvalid(`the source's ${subject} can't be used: ${field}${lowerFirst(message)}`);
}

const lowerFirst = (message: string): string => message.charAt(0).toLowerCase() + message.slice(1);
