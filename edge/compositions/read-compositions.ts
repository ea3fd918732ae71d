import { readFile } from "node:fs/promises";
import { z } from "zod";
import { ConfigError } from "../../services/lib/settings/env.ts";

/** What the paths of compositions begin with. */
export const compositionPrefixes: readonly string[] = ["/api/v1/x/", "/compositions/"];

/** Most calls of a composition: all of them can run at the same time. */
const callsMax = 8;
const compositionsMax = 100;

/** Names of calls and parameters. The answer has the results by the names of the calls, and `errors`. */
const name = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,62}$/, "must be letters, digits and _, a letter first");

const call = z.strictObject({ path: z.string().max(2_000) });

const composition = z.strictObject({
  path: z
    .string()
    .max(500)
    .refine(
      (path) => compositionPrefixes.some((prefix) => path.startsWith(prefix)),
      `must begin with ${compositionPrefixes.join(" or ")}`,
    ),
  /** Names of the parameters of the query. Others are refused. */
  query: z.array(name).max(20).default([]),
  /** Whether a failed call fails the whole, or has a place in the answer. */
  onError: z.enum(["fail", "include"]).default("fail"),
  calls: z
    .record(
      name.refine((text) => text !== "errors", "errors is the place of errors"),
      call,
    )
    .refine((calls) => Object.keys(calls).length > 0, "must have a call")
    .refine((calls) => Object.keys(calls).length <= callsMax, `can have ${callsMax} calls`),
});

const compositionFile = z.strictObject({ compositions: z.array(composition).max(compositionsMax) });

/** A composition as its file describes it. */
export type CompositionSettings = z.output<typeof composition>;

/** Reads the file of the setting COMPOSITIONS_FILE. Throws a ConfigError that names the place of each problem. */
export async function readCompositions(file: string | undefined): Promise<CompositionSettings[]> {
  if (file === undefined) return [];
  const text = await readFile(file, "utf8").catch(() => refuse(["can't be read"]));
  const parsed = compositionFile.safeParse(parseJson(text));
  if (parsed.success) return parsed.data.compositions;
  return refuse(parsed.error.issues.map(describeIssue));
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const message = issue.code === "invalid_key" ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  return `${issue.path.join(".") || "the file"}: ${message}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return refuse(["is not JSON"]);
  }
}

export function refuse(problems: readonly string[]): never {
  throw new ConfigError(problems.map((problem) => `  COMPOSITIONS_FILE: ${problem}`));
}
