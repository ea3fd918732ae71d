import type { ChildProcess } from "node:child_process";
import type { Logger } from "../../lib/telemetry/log.ts";
import type { MemoryWatch } from "../engine/memory-watch.ts";
import { tooManySources } from "../errors.ts";
import { hasEnded, killChild, refChild, startChild, unrefChild } from "../process/child.ts";
import { createSourceClient, type SourceClient } from "./source-client.ts";

/** Sources that are spoken to at the same time. */
const processesMax = 48;
/** Of these, sources of one organisation. */
const processesOfOrgMax = 12;
/** How long a process without requests stays, in milliseconds. */
const idleMsMax = 30_000;

/** Which process: one source of one organisation, and only that, shares it. */
type SourceKey = {
  readonly orgId: string;
  readonly connector: string;
  readonly settings: unknown;
};

/**
 * Processes that speak to sources. Each has a process of its own, so that whatever a source does, only the calls on
 * that source are hurt.
 */
export type SourceProcesses = AsyncDisposable & {
  /** Lends the source's process until disposed. Unavailable (SERVICE_BUSY) when too many sources are in use. */
  lend(key: SourceKey): Disposable & { readonly client: SourceClient };
};

type Entry = {
  readonly orgId: string;
  readonly child: ChildProcess;
  readonly client: SourceClient;
  users: number;
  /** Of its memory, while it has requests. */
  watching: Disposable | undefined;
  idleTimer: NodeJS.Timeout | undefined;
};

export type SourceProcessesOptions = {
  /** The program of the processes. */
  readonly program: URL;
  /** Folder for the compiled code of the processes. */
  readonly compileCache: string;
  /** Holds the processes, and the engine's, to the memory that all of them may have. */
  readonly memory: MemoryWatch;
  readonly log: Logger;
  /** How long a process without requests stays, in milliseconds. */
  readonly idleMs?: number;
};

export function createSourceProcesses({
  program,
  compileCache,
  memory,
  log,
  idleMs = idleMsMax,
}: SourceProcessesOptions): SourceProcesses {
  // In the order of their last use.
  const entries = new Map<string, Entry>();
  // A process takes longer to start than a small query takes: once there was a first source, the next one's is kept ready.
  let spare: ChildProcess | undefined;
  let isDisposed = false;

  function forget(key: string, entry: Entry): void {
    clearTimeout(entry.idleTimer);
    if (entries.get(key) === entry) entries.delete(key);
    if (entries.size > 0 || !spare) return;
    void killChild(spare);
    spare = undefined;
  }

  async function end(key: string, entry: Entry): Promise<void> {
    forget(key, entry);
    await entry.client[Symbol.asyncDispose]();
  }

  /** Makes room for one more among some processes: the one that was used longest ago, of those without requests, ends. */
  function makeRoom(among: readonly (readonly [string, Entry])[], max: number): void {
    if (among.length < max) return;
    const idle = among.find(([, { users }]) => users === 0);
    if (!idle) throw tooManySources(max);
    void end(...idle);
  }

  function start(key: string, orgId: string): Entry {
    makeRoom(
      [...entries].filter(([, entry]) => entry.orgId === orgId),
      processesOfOrgMax,
    );
    makeRoom([...entries], processesMax);
    const child = spare && !hasEnded(spare) ? spare : startChild(program, compileCache);
    spare = undefined;
    const entry: Entry = {
      orgId,
      child,
      client: createSourceClient(child, log, () => forget(key, entry)),
      users: 0,
      watching: undefined,
      idleTimer: undefined,
    };
    return entry;
  }

  function giveBack(key: string, entry: Entry): void {
    entry.users -= 1;
    if (entry.users > 0) return;
    entry.watching?.[Symbol.dispose]();
    unrefChild(entry.child);
    if (entry.client.isOver || isDisposed) return;
    entry.idleTimer = setTimeout(() => void end(key, entry), idleMs).unref();
    spare ??= startChild(program, compileCache);
  }

  return {
    lend({ orgId, connector, settings }) {
      const key = JSON.stringify([orgId, connector, settings]);
      const found = entries.get(key);
      const entry = found && !found.client.isOver ? found : start(key, orgId);
      entries.delete(key);
      entries.set(key, entry);
      clearTimeout(entry.idleTimer);
      entry.users += 1;
      if (entry.users === 1) {
        refChild(entry.child);
        const onExcess = () => entry.client.endForMemory();
        entry.watching = memory.watch({ pid: entry.child.pid ?? 0, group: orgId, onExcess });
      }
      return { client: entry.client, [Symbol.dispose]: () => giveBack(key, entry) };
    },
    async [Symbol.asyncDispose]() {
      isDisposed = true;
      const last = spare;
      spare = undefined;
      await Promise.all([...[...entries].map((entry) => end(...entry)), ...(last ? [killChild(last)] : [])]);
    },
  };
}
