import { DrizzleQueryError } from "drizzle-orm";
import { type Logger, pino } from "pino";
import { PinoPretty } from "pino-pretty";

export type { Logger };

/** `err.input` is the text that could not be parsed, such as a URL with a password. */
const redact = ["password", "secret", "token", "*.password", "*.secret", "*.token", "*.apiKey", "err.input"];

/**
 * Creates the process's log on standard output: JSON lines, or readable lines on a terminal. Levels: `trace` to
 * `fatal`, or `silent`.
 */
export function createLog(name: string, { logLevel }: { logLevel: string }): Logger {
  const options = { name, level: logLevel, redact, serializers: { err: toLogged } };
  return process.stdout.isTTY
    ? pino(options, PinoPretty({ singleLine: true, ignore: "pid,hostname", sync: true }))
    : pino(options);
}

/** Leaves out a failed statement's parameters and detail, which may contain secrets. */
function toLogged(error: unknown): unknown {
  if (!(error instanceof DrizzleQueryError)) return pino.stdSerializers.err(error as Error);
  return { ...(error.cause && pino.stdSerializers.err(error.cause)), query: error.query, detail: undefined };
}
