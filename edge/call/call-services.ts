import type { ConnectError } from "@connectrpc/connect";
import type { Admit } from "../admission/admit.ts";
import type { Deadlines } from "../http/deadline.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Limits } from "../http/limits.ts";
import type { Forward } from "./forward.ts";

/** Services of the edge for protocols that make calls. */
export type CallServices = {
  /** Checks credential and limits by the headers alone. No call is forwarded before it. */
  readonly admit: Admit;
  readonly forward: Forward;
  readonly deadlines: Deadlines;
  readonly limits: Limits;
  /** Largest message of a request, inflated, in bytes, where the contract names no other. */
  readonly messageBytesMax: number;
  /** The error that the caller is sent for a thrown value; internal errors are logged and replaced. */
  toError(error: unknown, exchange: Exchange): ConnectError;
};
