import type { DescMethod } from "@bufbuild/protobuf";
import { isObserving, type ObservedCall, observeUpstream } from "../services/lib/telemetry/observe-call.ts";
import type { Forward } from "./forward.ts";

/**
 * The same, but it tells of each call that works below the transport; the transport tells of its own. `peerOf` names
 * who answers a method.
 */
export function observeForward(forward: Forward, peerOf: (method: DescMethod) => string): Forward {
  const begin = (method: DescMethod): ObservedCall | undefined =>
    isObserving() ? observeUpstream("edge", peerOf(method), method) : undefined;
  return {
    ...forward,
    exchangeOne(call, message) {
      const observed = begin(call.method);
      if (!observed) return forward.exchangeOne(call, message);
      return endWith(
        observed,
        () => forward.exchangeOne(call, message),
        ({ error }) => observed.end(error),
      );
    },
    unary(call, message) {
      const observed = begin(call.method);
      if (!observed) return forward.unary(call, message);
      return endWith(
        observed,
        () => forward.unary(call, message),
        () => observed.end(),
      );
    },
    open(call, listener) {
      const observed = begin(call.method);
      if (!observed) return forward.open(call, listener);
      const told: typeof listener = {
        begun: (headers) => listener.begun(headers),
        message: (bytes) => listener.message(bytes),
        ended(error, trailers) {
          observed.end(error);
          listener.ended(error, trailers);
        },
      };
      return endWith(
        observed,
        () => forward.open(call, told),
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
