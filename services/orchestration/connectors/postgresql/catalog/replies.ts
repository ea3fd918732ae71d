import { z } from "zod";
import { replyName, replyText, replyTypeName } from "../../sql/check-reply.ts";

const versionCharactersMax = 100;

/** Integers, which the client requests as text. */
const digits = z.string().regex(/^-?\d{1,10}$/);
const integer = digits.transform(Number);

export const versionReply = z.object({ version: replyText(versionCharactersMax) });

const planRows = z
  .number()
  .nonnegative()
  .transform((rows) => Math.min(Math.round(rows), Number.MAX_SAFE_INTEGER));
export const explainReply = z.object({
  "QUERY PLAN": z.tuple([z.object({ Plan: z.object({ "Plan Rows": planRows }) })]),
});

/** The name of a snapshot becomes part of a statement. */
export const snapshotReply = z.object({
  name: z.string().regex(/^[0-9A-Fa-f-]{1,100}$/),
  time: z
    .string()
    .regex(/^\d{1,15}$/)
    .transform((milliseconds) => new Date(Number(milliseconds))),
});

const flag = z.union([z.boolean(), z.literal("").transform(() => false)]);
export const layoutReply = z.object({ pages: integer.nullable(), isRewritten: flag });
export const rowSecurityReply = z.object({ isActive: flag, isUnknown: flag });
export const columnTypeReply = z.object({ name: replyName, oid: integer, modifier: integer, isArray: flag });
/** Table and number of a column, and its type modifier (length, or precision and scale). */
export const modifierReply = z.object({ table: integer, number: integer, modifier: integer });
export const typeReply = z.object({ oid: integer, name: replyTypeName, element: integer, isArray: flag });
