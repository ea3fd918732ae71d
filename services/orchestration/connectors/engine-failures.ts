import type { ConnectError } from "@connectrpc/connect";
import { EngineFailure } from "../engine/engine-failure.ts";
import {
  diskFull,
  engineCrashed,
  executionTooLarge,
  memoryExceeded,
  sourceDataInvalid,
  sqlInvalid,
  statementRefused,
} from "../errors.ts";

/** Runs work on `subject`, as `the file "a.csv"`, and maps failures of the engine to errors for the caller. */
export async function withEngineFailures<T>(subject: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toCallerError(error, subject);
  }
}

/** Like withEngineFailures, for a stream of chunks. */
export async function* chunksWithEngineFailures<T, R>(
  subject: string,
  chunks: AsyncGenerator<T, R>,
): AsyncGenerator<T, R> {
  try {
    return yield* chunks;
  } catch (error) {
    throw toCallerError(error, subject);
  }
}

const toCallerError = (error: unknown, subject: string): unknown =>
  error instanceof EngineFailure ? toConnectError(error, subject) : error;

function toConnectError({ kind, message }: EngineFailure, subject: string): ConnectError | Error {
  switch (kind) {
    case "sourceDataInvalid":
      return sourceDataInvalid(`${subject} can't be read: ${message}`);
    case "sqlInvalid":
      return sqlInvalid(message);
    case "statementRefused":
      return statementRefused(message);
    case "diskFull":
      return diskFull();
    case "tooLarge":
      return executionTooLarge(message);
    case "memory":
      return memoryExceeded(message);
    case "crashed":
    case "killed":
      return engineCrashed(`${message}, while it read ${subject}: try again`);
    case "wrongGuess":
    case "internal":
      return new Error(message);
  }
}
