import type { ExitCode } from "./exit-codes.ts";
import { exitCodes } from "./exit-codes.ts";

/** A failure that the command line found itself, with what to do about it. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;
  /** What the user can do next. */
  readonly advice: string | undefined;

  constructor(message: string, options: { advice?: string; exitCode?: ExitCode } = {}) {
    super(message);
    this.exitCode = options.exitCode ?? exitCodes.failure;
    this.advice = options.advice;
  }
}

export const usageError = (message: string, advice?: string): CommandError =>
  new CommandError(message, { exitCode: exitCodes.usage, ...(advice && { advice }) });

export const interrupted = (advice?: string): CommandError =>
  new CommandError("interrupted", { exitCode: exitCodes.interrupted, ...(advice && { advice }) });
