import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import type { SpanKind } from "@opentelemetry/api";
import { isObserving, type ObservedCall, observeUpstream } from "./observe-call.ts";
import { currentTrace, type TraceHeaders } from "./tracing.ts";

/** Creates a span of this kind for each call from `caller` to `peer`, and propagates the trace context. */
export function observeClient(caller: string, peer: string, kind?: SpanKind): Interceptor {
  return (next) => async (request) => {
    if (!isObserving()) return next(request);
    const call = observeUpstream(caller, peer, request.method, kind);
    for (const [name, value] of traceEntries(currentTrace(call.span))) request.header.set(name, value);
    try {
      const response = await call.within(() => next(request));
      if (response.stream) return { ...response, message: endWith(response.message, call) };
      call.end();
      return response;
    } catch (error) {
      call.end(error);
      throw error;
    }
  };
}

/** The headers that are set. */
export function traceEntries({ traceparent, tracestate }: TraceHeaders): [name: string, value: string][] {
  if (!traceparent) return [];
  const entries: [string, string][] = [["traceparent", traceparent]];
  if (tracestate) entries.push(["tracestate", tracestate]);
  return entries;
}

async function* endWith<T>(messages: AsyncIterable<T>, call: ObservedCall): AsyncGenerator<T> {
  let outcome: unknown = new ConnectError("the caller has read enough", Code.Canceled);
  try {
    yield* messages;
    outcome = undefined;
  } catch (error) {
    outcome = error;
    throw error;
  } finally {
    call.end(outcome);
  }
}
