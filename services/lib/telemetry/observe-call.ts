import { performance } from "node:perf_hooks";
import type { DescMethod } from "@bufbuild/protobuf";
import { type Context, type Span, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import {
  ATTR_ERROR_TYPE,
  ATTR_RPC_METHOD,
  ATTR_RPC_STATUS_CODE,
  ATTR_RPC_SYSTEM_NAME,
} from "@opentelemetry/semantic-conventions";
import { serviceNameOf } from "../values/service-name.ts";
import { codeName, serverFaults } from "./code-name.ts";
import { isMeasuring } from "./metrics.ts";
import { handled, upstream } from "./rpc-metrics.ts";
import { contextOf, isTracing, startSpan, withinSpan } from "./tracing.ts";

/** Span and metrics of one call, incoming or outgoing. */
export type ObservedCall = {
  readonly span: Span | undefined;
  /** Runs `work` within the call's span. */
  within<T>(work: () => T): T;
  /** Called once. No error means OK. */
  end(error?: unknown): void;
};

const unobserved: ObservedCall = { span: undefined, within: (work) => work(), end: () => undefined };

export const isObserving = (): boolean => isTracing() || isMeasuring();

/** Observes an incoming call, continuing the caller's trace. */
export function observeHandler(method: DescMethod, header: Pick<Headers, "get">): ObservedCall {
  if (!isObserving()) return unobserved;
  const labels = { method: nameOf(method) };
  handled.running.inc(labels);
  return observe({
    span: handlerSpan(method, header),
    isFault: (code) => serverFaults.has(code),
    ended(code, seconds) {
      handled.running.dec(labels);
      handled.calls.inc({ ...labels, code });
      handled.seconds.observe(labels, seconds);
    },
  });
}

/**
 * Observes an outgoing call from `caller` to `peer` within the current span. `kind` is CLIENT for a call on the wire,
 * INTERNAL for a call whose attempts have separate spans.
 */
export function observeUpstream(
  caller: string,
  peer: string,
  method: DescMethod,
  kind: SpanKind = SpanKind.CLIENT,
): ObservedCall {
  if (!isObserving()) return unobserved;
  const labels = { caller, peer };
  return observe({
    span: spanOf(caller, method, kind),
    isFault: (code) => code !== "OK",
    ended(code, seconds) {
      upstream.calls.inc({ ...labels, code });
      upstream.seconds.observe(labels, seconds);
    },
  });
}

function observe(options: {
  span: Span | undefined;
  isFault: (code: string) => boolean;
  ended: (code: string, seconds: number) => void;
}): ObservedCall {
  const { span } = options;
  const startMs = performance.now();
  let over = false;
  return {
    span,
    within: (work) => withinSpan(span, work),
    end(error) {
      if (over) return;
      over = true;
      const code = codeName(error);
      options.ended(code, (performance.now() - startMs) / 1000);
      endSpan(span, code, options.isFault(code));
    },
  };
}

/** Error texts are not recorded: they may contain request data. */
export function endSpan(span: Span | undefined, code: string, isFault: boolean): void {
  if (!span) return;
  span.setAttribute(ATTR_RPC_STATUS_CODE, code);
  if (isFault) span.setAttribute(ATTR_ERROR_TYPE, code).setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

function handlerSpan(method: DescMethod, header: Pick<Headers, "get">): Span | undefined {
  if (!isTracing()) return undefined;
  const [traceparent, tracestate] = ["traceparent", "tracestate"].map(
    (name) => header.get(name) ?? undefined,
  );
  return spanOf(
    serviceNameOf(method.parent),
    method,
    SpanKind.SERVER,
    contextOf({ traceparent, tracestate }),
  );
}

function spanOf(
  service: string,
  method: DescMethod,
  kind: SpanKind,
  parent?: Context | undefined,
): Span | undefined {
  const name = nameOf(method);
  const attributes = { [ATTR_RPC_SYSTEM_NAME]: "grpc", [ATTR_RPC_METHOD]: name };
  return startSpan(service, name, { kind, attributes }, parent);
}

/** The method's name in OpenTelemetry's form; also a label of metrics. */
export const nameOf = (method: DescMethod): string => `${method.parent.typeName}/${method.name}`;
