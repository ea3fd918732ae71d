import type { ConnectError } from "@connectrpc/connect";
import { sourceDataInvalid } from "../../errors.ts";

/** `what` is sent by a server that is none of PostgreSQL, or does not want to be understood. */
export const protocolViolation = (server: string, what: string): ConnectError =>
  sourceDataInvalid(`${server} does not keep PostgreSQL's protocol: it sends ${what}`);
