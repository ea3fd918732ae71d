import { exitCodes } from "../failures/exit-codes.ts";
import type { Connection } from "../session/connect.ts";
import { findSession, type Session } from "../session/session.ts";
import type { Settings } from "../session/settings.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { Call } from "./call.ts";
import { printJson } from "./print-json.ts";

export function openCall(terminal: Terminal, settings: Settings, json: boolean): Call & Disposable {
  const interrupts = watchInterrupts();
  let session: Promise<Session> | undefined;
  let connection: Promise<Connection> | undefined;
  const openSession = () => {
    session ??= findSession(settings);
    return session;
  };
  const connectOnce = () => {
    // The transport takes half of the start, and many commands need none.
    connection ??= Promise.all([import("../session/connect.ts"), openSession()]).then(
      ([{ connect }, found]) => connect(found, settings),
    );
    return connection;
  };
  return {
    terminal,
    settings,
    json,
    canAsk: terminal.canAsk && !json,
    ...interrupts,
    session: openSession,
    client: async (service) => (await connectOnce()).client(service),
    async show(schema, message, forPeople) {
      if (json) await printJson(terminal, schema, message);
      else await forPeople();
    },
  };
}

function watchInterrupts(): Pick<Call, "signal" | "onInterrupt"> & Disposable {
  const abort = new AbortController();
  const interrupt = () => {
    // The second Ctrl-C does not wait for an end in good order.
    if (abort.signal.aborted) process.exit(exitCodes.interrupted);
    abort.abort();
  };
  const handlers: (() => void)[] = [interrupt];
  const onSignal = () => handlers.at(-1)?.();
  process.on("SIGINT", onSignal);
  return {
    signal: abort.signal,
    onInterrupt(handler) {
      handlers.push(handler);
      return { [Symbol.dispose]: () => void handlers.splice(handlers.indexOf(handler), 1) };
    },
    [Symbol.dispose]: () => void process.off("SIGINT", onSignal),
  };
}
