import { randomUUID } from "node:crypto";
import type { DescMethod } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { clientAddressOf, type TrustedProxies } from "./client-address.ts";
import { type HttpRequest, type HttpResponse, headerOf } from "./http.ts";

/** The byte budgets of one read of a file. */
export type ReadBudget = {
  /** Takes bytes that are being sent. The promise, if any, resolves when the budgets have them. */
  spend(bytes: number): Promise<void> | undefined;
  /** Counts the bytes that follow for the organisation as well, once. */
  countFor(orgId: string): void;
};

/** One request and its response, with the state that is learned while it is handled. */
export type Exchange = {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  readonly requestId: string;
  /** The raw path and query of the URL. */
  readonly path: string;
  readonly rawQuery: string;
  /** Whether the response has headers only. */
  readonly headOnly: boolean;
  /** How errors and messages of this path are written. */
  readonly dialect: Dialect;
  /** W3C trace context of the caller; there is no tracestate without a traceparent. */
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
  readonly clientAddress: string;
  readonly startMs: number;
  /** Aborts when the response is complete or the caller has gone: nothing of a request outlives it. */
  readonly signal: AbortSignal;
  /** Runs work at the same moment, without the cost of a signal. */
  onClosed(work: () => void): void;
  /** Name of the protocol in the access log, the metrics and the trace. */
  protocol: string;
  method: DescMethod | undefined;
  /** The path's template. The path itself stays out of logs: its values can be secrets. */
  route: string | undefined;
  /** Set by admission: no call is forwarded before. */
  isAdmitted: boolean;
  principal: Principal | undefined;
  /** Undefined where reads are not counted. */
  reads: ReadBudget | undefined;
  /**
   * Ends the call because its caller has lost access. False if nothing is under way that could send the error; what would
   * begin later has to check `revokedBy`.
   */
  revoke(error: ConnectError): boolean;
  /** Runs work with the error when the call is revoked. Returns a function that removes it. */
  onRevoked(work: (error: ConnectError) => void): () => void;
  readonly revokedBy: ConnectError | undefined;
  /** The first error that the caller was sent. */
  error: ConnectError | undefined;
};

const requestIdPattern = /^[A-Za-z0-9._~:-]{1,128}$/;
const traceparentPattern = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
/** The characters and the length that both W3C and gRPC metadata allow. */
const tracestatePattern = /^[\x20-\x7e]{1,512}$/;

export function beginExchange(
  request: HttpRequest,
  response: HttpResponse,
  options: { trustedProxies: TrustedProxies; dialectOf: (path: string) => Dialect },
): Exchange {
  const { url = "" } = request;
  const [path, rawQuery] = splitUrl(url);
  const closing = watchClose(response);
  const revocation = createRevocation();
  const traceparent = matching(headerOf(request, "traceparent"), traceparentPattern);
  return {
    request,
    response,
    requestId: matching(headerOf(request, "x-request-id"), requestIdPattern) ?? randomUUID(),
    path,
    rawQuery,
    headOnly: request.method === "HEAD",
    dialect: options.dialectOf(path),
    traceparent,
    tracestate: traceparent && matching(headerOf(request, "tracestate"), tracestatePattern),
    clientAddress: clientAddressOf(request, options.trustedProxies),
    startMs: Date.now(),
    get signal() {
      return closing.signalOf();
    },
    onClosed: closing.onClosed,
    revoke: revocation.revoke,
    onRevoked: revocation.onRevoked,
    get revokedBy() {
      return revocation.errorOf();
    },
    protocol: "rest",
    method: undefined,
    route: undefined,
    isAdmitted: false,
    principal: undefined,
    reads: undefined,
    error: undefined,
  };
}

function splitUrl(url: string): [path: string, rawQuery: string] {
  const at = url.indexOf("?");
  return at < 0 ? [url, ""] : [url.slice(0, at), url.slice(at + 1)];
}

/** A signal is made on demand: most exchanges need none. */
function watchClose(response: HttpResponse) {
  let controller: AbortController | undefined;
  let closed = false;
  const works: (() => void)[] = [];
  response.once("close", () => {
    closed = true;
    controller?.abort();
    for (const work of works) work();
  });
  return {
    signalOf() {
      if (!controller) {
        controller = new AbortController();
        if (closed) controller.abort();
      }
      return controller.signal;
    },
    onClosed(work: () => void) {
      if (closed) work();
      else works.push(work);
    },
  };
}

function createRevocation() {
  let error: ConnectError | undefined;
  // Made on demand: most exchanges forward no call for long.
  let works: Set<(error: ConnectError) => void> | undefined;
  return {
    errorOf: () => error,
    revoke(reason: ConnectError): boolean {
      error ??= reason;
      const told = [...(works ?? [])];
      works?.clear();
      for (const work of told) work(reason);
      return told.length > 0;
    },
    onRevoked(work: (error: ConnectError) => void): () => void {
      works ??= new Set();
      works.add(work);
      return () => works?.delete(work);
    },
  };
}

const matching = (value: string | undefined, pattern: RegExp): string | undefined =>
  value !== undefined && pattern.test(value) ? value : undefined;
