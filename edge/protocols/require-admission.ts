import type { CallServices } from "../call/call-services.ts";
import type { ForwardedCall } from "../call/calls.ts";

/** The same services, of which none forwards a call of an exchange that was not admitted. */
export function requireAdmission(services: CallServices): CallServices {
  const admitted =
    <More extends unknown[], Result>(work: (call: ForwardedCall, ...more: More) => Promise<Result>) =>
    async (call: ForwardedCall, ...more: More): Promise<Result> => {
      if (!call.exchange.isAdmitted) throw new Error("a call was forwarded before it was admitted");
      return work(call, ...more);
    };
  return {
    ...services,
    async admit(exchange, method, access) {
      await services.admit(exchange, method, access);
      exchange.isAdmitted = true;
    },
    forward: {
      open: admitted(services.forward.open),
      exchangeOne: admitted(services.forward.exchangeOne),
      unary: admitted(services.forward.unary),
      collect: admitted(services.forward.collect),
      stream: admitted(services.forward.stream),
    },
  };
}
