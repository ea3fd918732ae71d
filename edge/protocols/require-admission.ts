import type { CallServices } from "../call/call-services.ts";
import type { ForwardedCall } from "../call/calls.ts";

/** The same services, of which none forwards a call of an exchange that was not admitted. */
export function requireAdmission(services: CallServices): CallServices {
  const { admit, forward } = services;
  const admitted =
    <More extends unknown[], Result>(work: (call: ForwardedCall, ...more: More) => Promise<Result>) =>
    async (call: ForwardedCall, ...more: More): Promise<Result> => {
      if (!call.exchange.isAdmitted) throw new Error("a call was forwarded before it was admitted");
      return work(call, ...more);
    };
  return {
    ...services,
    async admit(exchange, method, access) {
      await admit(exchange, method, access);
      exchange.isAdmitted = true;
    },
    forward: {
      open: admitted(forward.open),
      exchangeOne: admitted(forward.exchangeOne),
      unary: admitted(forward.unary),
      collect: admitted(forward.collect),
      stream: admitted(forward.stream),
    },
  };
}
