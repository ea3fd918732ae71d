import { connect, type Socket } from "node:net";
import { listen } from "../../lib/tcp.ts";

/** `up` is from the client to the server. */
type Direction = "up" | "down";

/** What happens when so many bytes have passed: the connection breaks, or all further bytes of the direction are lost. */
type Fault = { readonly direction: Direction; readonly bytes: number; readonly action: "cut" | "hold" };

/** A TCP proxy in front of a server that lets an exact number of bytes pass. */
export type Gate = AsyncDisposable & {
  readonly url: string;
  /** Sends new connections to another server. */
  redirect(url: string): void;
  /** Spoils the bytes that pass from now on, one fault after the other. Resolves when the last one has happened. */
  spoil(...faults: Fault[]): Promise<void>;
  /** Breaks all connections, and lets everything pass. */
  heal(): void;
};

type Plan = { readonly fault: Fault; passed: number; readonly happened: () => void };

/** What a gate does, and to which connections it has done it. */
type State = { readonly plans: Plan[]; readonly held: WeakMap<Socket, Direction> };

type Route = { readonly direction: Direction; readonly from: Socket; readonly to: Socket };

export async function openGate(serverUrl: string): Promise<Gate> {
  let target = new URL(serverUrl);
  const state: State = { plans: [], held: new WeakMap() };
  const port = await listen((client) => {
    const server = connect(Number(target.port), target.hostname);
    server.on("error", () => {});
    forward(state, client, { direction: "up", from: client, to: server });
    forward(state, client, { direction: "down", from: server, to: client });
    client.on("close", () => server.destroy());
    // A connection whose bytes are lost does not show either that the server has ended.
    server.on("close", () => {
      if (!state.held.has(client)) client.destroy();
    });
  });
  return {
    url: `http://127.0.0.1:${port.port}`,
    redirect(url) {
      target = new URL(url);
    },
    async spoil(...faults) {
      const happenings = faults.map(
        (fault) => new Promise<void>((happened) => state.plans.push({ fault, passed: 0, happened })),
      );
      await Promise.all(happenings);
    },
    heal() {
      state.plans.splice(0);
      for (const socket of port.connections) socket.destroy();
    },
    [Symbol.asyncDispose]: () => port[Symbol.asyncDispose](),
  };
}

/** Passes the bytes of one direction of a client's connection on, as far as the next fault lets them. */
function forward({ plans, held }: State, client: Socket, { direction, from, to }: Route): void {
  from.on("data", (data: Buffer) => {
    if (held.get(client) === direction) return;
    const plan = plans[0]?.fault.direction === direction ? plans[0] : undefined;
    if (!plan) return passOn(data, from, to);
    const missing = plan.fault.bytes - plan.passed;
    plan.passed += data.length;
    passOn(data.subarray(0, missing), from, to);
    if (data.length < missing) return undefined;
    plans.shift();
    if (plan.fault.action === "hold") held.set(client, direction);
    else to.end(() => client.destroy());
    plan.happened();
    return undefined;
  });
}

function passOn(data: Buffer, from: Socket, to: Socket): void {
  if (data.length === 0 || to.write(data)) return;
  from.pause();
  to.once("drain", () => from.resume());
}
