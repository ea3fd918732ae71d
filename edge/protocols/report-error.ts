import type { ConnectError } from "@connectrpc/connect";
import type { Logger } from "../../services/lib/telemetry/log.ts";
import { type ErrorStyle, toCallerError } from "../errors/caller-error.ts";
import type { Exchange } from "../http/exchange.ts";

/** The error that the caller is sent for a thrown value. */
export type ReportError = (error: unknown, exchange: Exchange) => ConnectError;

/** Logs what callers are not told, and notes the first error of each exchange for the access log. */
export const createReportError =
  (style: ErrorStyle, log: Logger): ReportError =>
  (error, exchange) => {
    const { requestId } = exchange;
    const logged = (err: unknown) => log.error({ err, requestId }, "request failed");
    const reported = toCallerError(error, { requestId, style, logged });
    exchange.error ??= reported;
    return reported;
  };
