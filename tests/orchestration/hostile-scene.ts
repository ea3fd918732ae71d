import type { Socket } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { expect } from "vitest";
import { plan, tablesOf } from "./extracts.ts";
import { createDatabaseSource, startForeignDatabase } from "./foreign-database.ts";
import { type Attack, startHostileServer } from "./hostile-server.ts";
import { createSource, failureOf, query, startOrchestration } from "./orchestration.ts";

export type Attacked = readonly [title: string, attack: Attack, text: RegExp];

/** An orchestration in which all organisations but one have hostile sources. */
export async function startHostileScene() {
  await using stack = new AsyncDisposableStack();
  const mesh = stack.use(await startOrchestration());
  const foreign = stack.use(await startForeignDatabase());
  const user = mesh.user();
  /** Another user, whose source works. */
  const other = { user, sourceId: await createDatabaseSource(mesh, user, foreign) };
  const delay = monitorEventLoopDelay();
  delay.enable();
  stack.defer(() => void delay.disable());
  const owned = stack.move();
  const otherSucceeds = async () =>
    expect((await query(other.user, other.sourceId, "select 1 as one")).rows).toEqual([[1]]);

  /** Registers the server as a source of a new organisation. Returns every operation on it. */
  async function registered(settings: object) {
    const user = mesh.user();
    mesh.peers.addSecret(user.who, "password", "x");
    const sourceId = await createSource(user, "postgresql", settings as never);
    const { t = "" } = await tablesOf(user, sourceId);
    return {
      user,
      t,
      sourceId,
      operations: {
        test: async () =>
          (await user.connectors.testConnection({ connector: "postgresql", settings: settings as never }))
            .reason,
        discover: async () => (await failureOf(user.catalog.discover({ sourceId }))).message,
        plan: async () => (await failureOf(plan(user, sourceId, [t]))).message,
        query: async () =>
          (await failureOf(user.executions.executeQuery({ sourceId, sql: "select 1" }))).message,
      },
    };
  }

  /** Asserts that all operations fail with the text, while another user's query succeeds. */
  async function meetsAttack(attack: Attack, text: RegExp): Promise<void> {
    await using server = await startHostileServer();
    const { operations } = await registered(server.settings);
    server.attack = attack;
    const asked = Object.entries(operations).map(async ([name, ask]) => [name, await ask()]);
    await otherSucceeds();
    for (const [, message] of await Promise.all(asked)) expect(message).toMatch(text);
    await expect.poll(() => server.connections.size).toBe(0);
  }

  return {
    mesh,
    registered,
    meetsAttack,
    otherSucceeds: otherSucceeds,
    /** Longest time that the event loop was blocked, in seconds: at least six if it computed 30,000,000 iterations. */
    busySeconds: () => delay.max / 1e9,
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

export type HostileScene = Awaited<ReturnType<typeof startHostileScene>>;

/** Sends bytes repeatedly, respecting back-pressure, until the connection closes. */
export function flood(socket: Socket, chunk: Buffer): void {
  const send = () => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on("drain", send);
  send();
}

/** Sends one byte at a time, each within the idle timeout. */
export function drip(socket: Socket, bytes: Buffer): void {
  let at = 0;
  const timer = setInterval(() => socket.write(bytes.subarray(at, ++at)), 250);
  socket.on("close", () => clearInterval(timer));
}

export const send =
  (...messages: Buffer[]) =>
  (socket: Socket) =>
    void socket.write(Buffer.concat(messages));
export const names = (count: number) => Array.from({ length: count }, (_, index) => `c${index}`);
