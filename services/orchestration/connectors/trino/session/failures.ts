import type { ConnectError } from "@connectrpc/connect";
import {
  executionTooLarge,
  sourceDataInvalid,
  sourceUnreachable,
  sqlInvalid,
  statementRefused,
} from "../../../errors.ts";
import type { TrinoError } from "../wire/results.ts";

/** What a failed statement means for its caller. */
export function toStatementFailure({ message, errorName, errorType }: TrinoError): ConnectError {
  if (errorName === "READ_ONLY_VIOLATION") return statementRefused("only statements that read are taken");
  if (errorName === "EXCEEDED_TIME_LIMIT" || errorType === "INSUFFICIENT_RESOURCES") {
    return executionTooLarge(`Trino stopped the statement: ${message}`);
  }
  if (errorType === "USER_ERROR") return sqlInvalid(message);
  if (errorType === "EXTERNAL") return sourceDataInvalid(`Trino can't read its source: ${message}`);
  return sourceUnreachable(`Trino failed: ${message}`);
}
