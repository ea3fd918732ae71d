import { DrizzleQueryError } from "drizzle-orm";
import { type Logger, pino } from "pino";
import { PinoPretty } from "pino-pretty";

export type { Logger };

/** `err.input` is what could not be parsed, as a URL with its password. */
const redact = ["password", "secret", "token", "*.password", "*.secret", "*.token", "*.apiKey", "err.input"];

/**
 * The process's log on standard output: one JSON object a line, or lines for people on a terminal.
 * Level: `trace` to `fatal`, or `silent`.
 */
export function createLog(name: string, { logLevel }: { logLevel: string }): Logger {
  const options = { name, level: logLevel, redact, serializers: { err: toLogged } };
  return process.stdout.isTTY
    ? pino(options, PinoPretty({ singleLine: true, ignore: "pid,hostname", sync: true }))
    : pino(options);
}

/** A failed statement's parameters, and the row in its detail, may hold secrets: they stay out. */
function toLogged(error: unknown): unknown {
  if (!(error instanceof DrizzleQueryError)) return pino.stdSerializers.err(error as Error);
  return { ...(error.cause && pino.stdSerializers.err(error.cause)), query: error.query, detail: undefined };
}
