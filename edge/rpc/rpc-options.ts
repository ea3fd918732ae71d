import type { ConnectError } from "@connectrpc/connect";
import type { Admit } from "../admission/admit.ts";
import type { Forward } from "../call/forward.ts";
import type { Deadlines } from "../http/deadline.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Limits } from "../http/limits.ts";

export type RpcOptions = {
  readonly admit: Admit;
  readonly forward: Forward;
  readonly deadlines: Deadlines;
  readonly limits: Limits;
  /** Largest request message after decompression, in bytes. */
  readonly messageBytesMax: number;
  toError(error: unknown, exchange: Exchange): ConnectError;
};
