import type { ConnectError } from "@connectrpc/connect";
import type { ChooseDialect } from "../dialects/choose-dialect.ts";
import { responsesTooLarge } from "../errors/http-error.ts";
import type { Exchange } from "../http/exchange.ts";
import { headerOf, type Listener } from "../http/http.ts";
import { jsonType } from "../http/send.ts";
import { batchLate, batchLeft } from "./batch-errors.ts";
import { createInnerServer, type InnerResponse, type InnerServer } from "./inner-server.ts";

/** Calls of one request that run at the same time. */
const concurrencyMax = 8;
/** Most bytes of all responses together. */
const responseBytesMax = 4 * 1024 * 1024;

/** Headers of the outer request that hold for each of its calls, beside its credential. */
const sharedHeaders = ["host", "traceparent", "tracestate", "user-agent"];
const timeoutHeader = "connect-timeout-ms";

/** A call that is made for an outer request. */
export type InnerCall = {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body: string | undefined;
  /** Identifies the call within the outer request. */
  readonly index: number;
};

export type InnerResult = NonNullable<InnerResponse>;

/** Makes calls on behalf of an outer request, as its caller, each through the whole path of the edge. */
export type InnerCalls = {
  begin(outer: { readonly exchange: Exchange; readonly timeoutMs: number | undefined }): {
    /** Never rejects: errors of the edge itself are responses in the dialect of the path. */
    run(call: InnerCall): Promise<InnerResult>;
  };
};

export function createInnerCalls(options: {
  listener: () => Listener;
  dialectOf: ChooseDialect;
  /** Headers of the outer request that calls have as well: credentials, and those for upstreams. */
  callerHeaders: readonly string[];
}): InnerCalls {
  const server = createInnerServer(options.listener);
  const shared = [...options.callerHeaders, ...sharedHeaders];
  return {
    begin({ exchange, timeoutMs }) {
      const headers = shared.flatMap((name) => {
        const value = headerOf(exchange.request, name);
        return value === undefined ? [] : [[name, value] as const];
      });
      const outer: Outer = {
        exchange,
        server,
        dialectOf: options.dialectOf,
        headers: { host: "batch", ...Object.fromEntries(headers) },
        deadlineMs: Date.now() + (timeoutMs ?? Number.POSITIVE_INFINITY),
        bytesLeft: responseBytesMax,
        isCanceled: false,
        running: new Set(),
      };
      exchange.onClosed(() => {
        outer.isCanceled = true;
        for (const cancel of outer.running) cancel();
      });
      return { run: (call) => runOne(outer, call) };
    },
  };
}

type Outer = {
  readonly exchange: Exchange;
  readonly server: InnerServer;
  readonly dialectOf: ChooseDialect;
  readonly headers: Readonly<Record<string, string>>;
  readonly deadlineMs: number;
  bytesLeft: number;
  isCanceled: boolean;
  /** Cancels each call that runs. */
  readonly running: Set<() => void>;
};

/** Maps items, some at a time, to results in the order of the items. */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  map: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await map(item, index);
  };
  await Promise.all(Array.from({ length: concurrencyMax }, worker));
  return results;
}

async function runOne(outer: Outer, call: InnerCall): Promise<InnerResult> {
  const { exchange } = outer;
  const leftMs = Math.floor(outer.deadlineMs - Date.now());
  if (outer.isCanceled) return failed(outer, call, batchLeft());
  if (leftMs <= 0) return failed(outer, call, batchLate());
  if (outer.bytesLeft < 0) return failed(outer, call, responsesTooLarge(responseBytesMax, "was not made"));
  const { responded, cancel } = outer.server.send({
    method: call.method,
    path: call.path,
    headers: {
      ...outer.headers,
      "x-request-id": `${exchange.requestId}.${call.index}`,
      ...call.headers,
      ...(call.body !== undefined && { "content-type": jsonType }),
      ...timeoutOf(call.headers[timeoutHeader], leftMs),
    },
    body: call.body,
    clientAddress: exchange.clientAddress,
  });
  outer.running.add(cancel);
  const response = await responded;
  outer.running.delete(cancel);
  if (!response) return failed(outer, call, batchLeft());
  outer.bytesLeft -= Buffer.byteLength(response.body);
  return outer.bytesLeft < 0
    ? failed(outer, call, responsesTooLarge(responseBytesMax, "was made"))
    : response;
}

/** A call can have less time than the outer request. A malformed timeout is kept: the call is refused for it. */
function timeoutOf(own: string | undefined, leftMs: number): Record<string, string> {
  if (!Number.isFinite(leftMs)) return {};
  return own === undefined || Number(own) > leftMs ? { [timeoutHeader]: String(leftMs) } : {};
}

/** An error of the outer request itself, as the dialect of the call's path writes it. */
function failed({ dialectOf }: Outer, { path }: InnerCall, error: ConnectError): InnerResult {
  const dialect = dialectOf(path.split("?", 1)[0] ?? "");
  const { status, headers, contentType, body } = dialect.encodeError(error, { target: path });
  return { status, headers: { "content-type": contentType, ...headers }, body };
}
