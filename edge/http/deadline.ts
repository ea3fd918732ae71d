import type { DescMethod } from "@bufbuild/protobuf";
import { invalidField } from "../../services/lib/rpc/errors.ts";
import { boundsOf } from "./bounds.ts";
import { type HttpRequest, headerOf } from "./http.ts";

/** Default and longest timeout of a unary call, in milliseconds; an undefined default stands for none. */
export type Deadlines = { readonly defaultMs: number | undefined; readonly maxMs: number };

export const defaultDeadlines: Deadlines = { defaultMs: 30_000, maxMs: 300_000 };

/** Longest timeout of a stream: a week. Timers of more than 24 days overflow, and fire at once. */
const streamTimeoutMaxMs = 7 * 24 * 3_600_000;

const unitMs: Readonly<Record<string, number>> = { n: 1e-6, u: 1e-3, m: 1, S: 1000, M: 60_000, H: 3_600_000 };

/** The timeout that a header of gRPC or Connect asks for, in milliseconds. */
export function requestedTimeoutMs(request: HttpRequest): number | undefined {
  const grpc = headerOf(request, "grpc-timeout");
  const connect = headerOf(request, "connect-timeout-ms");
  if (connect !== undefined) {
    if (!/^\d{1,10}$/.test(connect))
      throw invalidField("Connect-Timeout-Ms", "must be milliseconds: up to 10 digits");
    return Number(connect);
  }
  if (grpc === undefined) return undefined;
  const [, amount, unit = ""] = /^(\d{1,8})([HMSmun])$/.exec(grpc) ?? [];
  if (amount === undefined)
    throw invalidField("Grpc-Timeout", "must be up to 8 digits and one of H, M, S, m, u, n");
  return Number(amount) * (unitMs[unit] ?? 1);
}

/** The timeout of a call: the requested or default one, within the limit of the contract or of the edge. */
export function boundTimeoutMs(
  method: DescMethod,
  requestedMs: number | undefined,
  deadlines: Deadlines,
): number | undefined {
  const isUnary = method.methodKind === "unary";
  const { defaultTimeoutMs, maxTimeoutMs } = boundsOf(method);
  const timeoutMs =
    requestedMs ??
    defaultTimeoutMs ??
    (isUnary && deadlines.defaultMs !== undefined ? deadlines.defaultMs : maxTimeoutMs);
  return timeoutMs && Math.min(timeoutMs, maxTimeoutMs ?? (isUnary ? deadlines.maxMs : streamTimeoutMaxMs));
}

/** The remaining part of a timeout, at least 1 ms. */
export function leftOf(timeoutMs: number | undefined, startMs: number): number | undefined {
  return timeoutMs === undefined ? undefined : Math.max(1, timeoutMs - (Date.now() - startMs));
}
