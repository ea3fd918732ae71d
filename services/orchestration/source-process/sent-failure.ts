import { type Code, ConnectError } from "@connectrpc/connect";

/** A serialized error, with its code, message and details. */
export type SentFailure = {
  /** Undefined for errors that are not meant for callers. */
  readonly code: Code | undefined;
  readonly message: string;
  readonly details: readonly { readonly type: string; readonly value: Uint8Array }[];
  readonly stack: string | undefined;
  /** Stack of the underlying error, for the log only. */
  readonly cause: string | undefined;
};

export function toSentFailure(error: unknown): SentFailure {
  const { stack, cause } = error as Error;
  if (!(error instanceof ConnectError)) {
    return { code: undefined, message: String(error), details: [], stack, cause: undefined };
  }
  const details = error.details.flatMap((detail) => ("type" in detail && "value" in detail ? [detail] : []));
  return {
    code: error.code,
    message: error.rawMessage,
    details,
    stack,
    cause: cause instanceof Error ? cause.stack : undefined,
  };
}

export function fromSentFailure({ code, message, details, stack }: SentFailure): Error {
  const error = code === undefined ? new Error(message) : new ConnectError(message, code);
  // The log shows where the error was created.
  if (stack !== undefined) error.stack = stack;
  if (error instanceof ConnectError) error.details.push(...details);
  return error;
}
