import { availableParallelism } from "node:os";
import type { Clock } from "../../timing/clock.ts";
import type { ReadMemory } from "../memory-watch.ts";
import type { EngineChild } from "./engine-child.ts";
import type { EngineOwner } from "./owners-tasks.ts";

/** Processes without a task: those of owners, and a spare one that had none yet. */
export type IdleEngines = {
  add(child: EngineChild, owner: EngineOwner): void;
  /** The owner's process that was used last. */
  take(owner: EngineOwner): EngineChild | undefined;
  /** Keeps one process ready for anybody, because one takes longer to start than a small query takes. */
  keepSpare(start: () => EngineChild): void;
  takeSpare(): EngineChild | undefined;
  /** Forgets all of them, and ends none. */
  stop(): void;
};

export type IdleEnginesOptions = {
  readonly clock: Clock;
  readonly idleMax: number | undefined;
  /** Private memory of a process. */
  readonly readMemory: ReadMemory;
  readonly end: (child: EngineChild) => void;
};

/** How long a process without a task is kept, in milliseconds. */
const idleMs = 30_000;
/** Enough to keep the processors busy for two users, and no more than a small machine has memory for. */
const idleMaxDefault = Math.min(16, Math.max(4, 2 * availableParallelism()));
/** Memory that a process without a task may have, in bytes. */
const idleBytesMax = 256 * 1024 ** 2;
const lookEveryMs = 1000;

type Idle = { readonly child: EngineChild; readonly owner: EngineOwner; readonly cancel: () => void };

const isSame = (one: EngineOwner, other: EngineOwner): boolean =>
  one.orgId === other.orgId && one.userId === other.userId;

export function createIdleEngines(options: IdleEnginesOptions): IdleEngines {
  const { clock, idleMax = idleMaxDefault, readMemory, end } = options;
  // In the order in which they were given back.
  let idle: Idle[] = [];
  let spare: { readonly child: EngineChild; cancel: () => void } | undefined;
  let cancelLook: (() => void) | undefined;

  const isGrown = ({ pid }: EngineChild): boolean => readMemory(pid ?? 0) > idleBytesMax;

  function forget(one: Idle): void {
    one.cancel();
    idle = idle.filter((other) => other !== one);
    if (idle.length > 0) return;
    cancelLook?.();
    cancelLook = undefined;
  }

  function letGo(one: Idle): void {
    forget(one);
    end(one.child);
  }

  /** A process without a task has no reason to grow, nor to end. */
  function look(): void {
    for (const one of idle) if (one.child.hasEnded() || isGrown(one.child)) letGo(one);
    cancelLook = idle.length > 0 ? clock.after(lookEveryMs, look) : undefined;
  }

  /** Of the organisation that was served longest ago, the process that was. */
  function leastRecentlyUsed(): Idle | undefined {
    const last = new Map(idle.map(({ owner }, index) => [owner.orgId, index]));
    const [orgId] = [...last].reduce((oldest, one) => (one[1] < oldest[1] ? one : oldest));
    return idle.find(({ owner }) => owner.orgId === orgId);
  }

  return {
    add(child, owner) {
      const cancel = clock.after(idleMs, () => letGo(one));
      const one: Idle = { child, owner, cancel };
      idle.push(one);
      cancelLook ??= clock.after(lookEveryMs, look);
      const surplus = idle.length > idleMax ? leastRecentlyUsed() : undefined;
      if (surplus) letGo(surplus);
    },
    take(owner) {
      for (const one of idle.toReversed()) {
        if (!isSame(one.owner, owner)) continue;
        forget(one);
        if (!one.child.hasEnded() && !isGrown(one.child)) return one.child;
        end(one.child);
      }
      return undefined;
    },
    keepSpare(start) {
      spare?.cancel();
      const child = spare && !spare.child.hasEnded() ? spare.child : start();
      if (spare && spare.child !== child) end(spare.child);
      const cancel = clock.after(idleMs, () => {
        spare = undefined;
        end(child);
      });
      spare = { child, cancel };
    },
    takeSpare() {
      const taken = spare;
      spare = undefined;
      taken?.cancel();
      if (!taken?.child.hasEnded()) return taken?.child;
      end(taken.child);
      return undefined;
    },
    stop() {
      for (const one of idle) forget(one);
      spare?.cancel();
      spare = undefined;
    },
  };
}
