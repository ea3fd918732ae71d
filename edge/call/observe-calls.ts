import type { DescMethod } from "@bufbuild/protobuf";
import { SpanKind } from "@opentelemetry/api";
import {
  isObserving,
  type ObservedCall,
  observeUpstream,
} from "../../services/lib/telemetry/observe-call.ts";
import type { Calls } from "./calls.ts";

/** Adds a span and metrics to each call. `peerOf` names the upstream of a method. */
export function observeCalls(calls: Calls, peerOf: (method: DescMethod) => string): Calls {
  const observe = (method: DescMethod): ObservedCall | undefined =>
    isObserving() ? observeUpstream("edge", peerOf(method), method, SpanKind.INTERNAL) : undefined;
  return {
    exchangeOne(call, message) {
      const observed = observe(call.method);
      if (!observed) return calls.exchangeOne(call, message);
      return endWith(
        observed,
        () => calls.exchangeOne(call, message),
        ({ error }) => observed.end(error),
      );
    },
    open(call, listener) {
      const observed = observe(call.method);
      if (!observed) return calls.open(call, listener);
      const observing: typeof listener = {
        headers: (raw) => listener.headers(raw),
        message: (bytes) => listener.message(bytes),
        finished(error, trailers) {
          observed.end(error);
          listener.finished(error, trailers);
        },
      };
      return endWith(
        observed,
        () => calls.open(call, observing),
        () => undefined,
      );
    },
  };
}

async function endWith<T>(
  observed: ObservedCall,
  work: () => Promise<T>,
  done: (result: T) => void,
): Promise<T> {
  try {
    const result = await observed.within(work);
    done(result);
    return result;
  } catch (error) {
    observed.end(error);
    throw error;
  }
}
