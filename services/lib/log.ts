import { type Logger, pino } from "pino";

export type { Logger };

/**
 * The process's log: one JSON object a line on standard output, or lines for people when `pretty`.
 * Level: `trace` to `fatal`, or `silent`.
 */
export function createLog(name: string, { level, pretty }: { level: string; pretty: boolean }): Logger {
  const redact = ["password", "secret", "token", "*.password", "*.secret", "*.token", "*.apiKey"];
  const transport = pretty
    ? { transport: { target: "pino-pretty", options: { singleLine: true, ignore: "pid,hostname" } } }
    : {};
  return pino({ name, level, redact, ...transport });
}
