import type { ConnectError } from "@connectrpc/connect";
import { sourceDataInvalid } from "../../../errors.ts";

/** The server is not MySQL, or is hostile. `what` completes the sentence. */
export const protocolViolation = (server: string, what: string): ConnectError =>
  sourceDataInvalid(`${server} does not keep MySQL's protocol: it sends ${what}`);
