import type { ConnectError } from "@connectrpc/connect";
import { sourceDataInvalid } from "../../../errors.ts";

/** The server is not PostgreSQL, or is hostile. `what` completes the sentence. */
export const protocolViolation = (server: string, what: string): ConnectError =>
  sourceDataInvalid(`${server} does not keep PostgreSQL's protocol: it sends ${what}`);
