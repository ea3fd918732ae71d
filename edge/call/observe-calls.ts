import type { DescMethod } from "@bufbuild/protobuf";
import { SpanKind } from "@opentelemetry/api";
import {
  isObserving,
  type ObservedCall,
  observeUpstream,
} from "../../services/lib/telemetry/observe-call.ts";
import type { Calls } from "./calls.ts";

/** The same calls, but each is told of. `peerOf` names who answers a method. */
export function observeCalls(calls: Calls, peerOf: (method: DescMethod) => string): Calls {
  const begin = (method: DescMethod): ObservedCall | undefined =>
    isObserving() ? observeUpstream("edge", peerOf(method), method, SpanKind.INTERNAL) : undefined;
  return {
    exchangeOne(call, message) {
      const observed = begin(call.method);
      if (!observed) return calls.exchangeOne(call, message);
      return endWith(
        observed,
        () => calls.exchangeOne(call, message),
        ({ error }) => observed.end(error),
      );
    },
    open(call, listener) {
      const observed = begin(call.method);
      if (!observed) return calls.open(call, listener);
      const told: typeof listener = {
        headers: (raw) => listener.headers(raw),
        message: (bytes) => listener.message(bytes),
        finished(error, trailers) {
          observed.end(error);
          listener.finished(error, trailers);
        },
      };
      return endWith(
        observed,
        () => calls.open(call, told),
        () => undefined,
      );
    },
  };
}

async function endWith<T>(
  observed: ObservedCall,
  work: () => Promise<T>,
  done: (answer: T) => void,
): Promise<T> {
  try {
    const answer = await observed.within(work);
    done(answer);
    return answer;
  } catch (error) {
    observed.end(error);
    throw error;
  }
}
