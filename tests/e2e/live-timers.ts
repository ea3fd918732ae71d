import { createHook } from "node:async_hooks";

// Preloaded into a program. On SIGUSR2 it prints the number of the request and the delays of the active timers, in milliseconds.

/** Node's internal state of a timer. */
type Timeout = { readonly _idleTimeout: number; readonly _destroyed: boolean };

const live = new Map<number, Timeout>();
createHook({
  init(id, type, _trigger, resource) {
    if (type === "Timeout") live.set(id, resource as Timeout);
  },
  destroy: (id) => void live.delete(id),
}).enable();

let asked = 0;
process.on("SIGUSR2", () => {
  asked += 1;
  const waiting = [...live.values()].filter((timer) => !timer._destroyed && timer._idleTimeout > 0);
  const delays = waiting.map((timer) => timer._idleTimeout).sort((one, other) => one - other);
  process.stdout.write(`live timers ${asked}: ${JSON.stringify(delays)}\n`);
});
