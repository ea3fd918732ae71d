import { createHook } from "node:async_hooks";

// Loaded ahead of a program: at each SIGUSR2 it prints the delays of the timers that are waiting, in milliseconds, and how many
// times it was asked.

/** What Node keeps of a timer. */
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
