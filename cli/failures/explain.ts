import { CommandError } from "./command-error.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";

/** A failure as it is shown. */
export type Explanation = {
  readonly message: string;
  readonly advice?: string | undefined;
  readonly exitCode: ExitCode;
  /** Name of the gRPC code, and the reason, of an error of a server. */
  readonly code?: string;
  readonly reason?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>>;
};

/** Explains any failure of a command. */
export async function explain(error: unknown, server: string): Promise<Explanation> {
  if (error instanceof CommandError) {
    return { message: error.message, advice: error.advice, exitCode: error.exitCode };
  }
  // A failure of ours before a call is sent, such as a login that has ended, arrives inside an error of the call.
  if (error instanceof Error && error.cause instanceof CommandError) return explain(error.cause, server);
  if (error instanceof Error && error.name === "ConnectError") {
    const { explainConnectError } = await import("./explain-connect-error.ts");
    return explainConnectError(error, server);
  }
  if (error instanceof Error && error.name === "AbortError") {
    return { message: "interrupted", exitCode: exitCodes.interrupted };
  }
  return { message: systemMessage(error), exitCode: exitCodes.failure };
}

const systemMessages: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  EACCES: "may not be accessed",
  EISDIR: "is a folder",
  ENOTDIR: "is not a folder",
  EEXIST: "exists already",
  ENOSPC: "could not be written: the disk is full",
};

/** An error of the operating system names its file. */
function systemMessage(error: unknown): string {
  const { code, path, message } = error as NodeJS.ErrnoException;
  const known = systemMessages[code ?? ""];
  return known && path ? `${path} ${known}` : (message ?? String(error));
}
