import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { failure, invalidField } from "../rpc/errors.ts";

/** INVALID_ARGUMENT for a part of `filter` or `order_by`. `position` counts characters from 1. */
export function listFieldInvalid(
  field: "filter" | "order_by",
  position: number,
  problem: string,
): ConnectError {
  const description = `${problem} at position ${position}`;
  const error = invalidField(field, description);
  const info = failure(Code.InvalidArgument, ErrorReason.FILTER_INVALID, description, {
    field,
    position: String(position),
  });
  error.details.push(...info.details);
  return error;
}

export const pageTokenInvalid = (): ConnectError =>
  failure(
    Code.InvalidArgument,
    ErrorReason.PAGE_TOKEN_INVALID,
    "page_token: not one that this list answered for the same filter and order",
  );

/** A caller's text in a message: its first 50 characters, quoted. */
export function quoted(text: string): string {
  const shown = [...text].slice(0, 50).join("");
  return JSON.stringify(shown === text ? text : `${shown}…`);
}
