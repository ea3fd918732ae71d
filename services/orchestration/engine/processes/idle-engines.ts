import { availableParallelism } from "node:os";
import type { Clock } from "../../timing/clock.ts";
import type { ReadMemory } from "../memory-watch.ts";
import type { EngineChild } from "./engine-child.ts";
import type { EngineOwner } from "./owner-tasks.ts";

/** Idle processes: those reserved for an owner, and one spare that has not run a task. */
export type IdleEngines = {
  add(child: EngineChild, owner: EngineOwner): void;
  /** Takes the owner's most recently used process. */
  take(owner: EngineOwner): EngineChild | undefined;
  /** Keeps one process ready, because starting one takes longer than a small query. */
  keepSpare(start: () => EngineChild): void;
  takeSpare(): EngineChild | undefined;
  /** Drops all of them without killing any. */
  stop(): void;
};

export type IdleEnginesOptions = {
  readonly clock: Clock;
  readonly idleMax: number | undefined;
  readonly readMemory: ReadMemory;
  readonly end: (child: EngineChild) => void;
};

/** Idle timeout of a process, in milliseconds. */
const idleMs = 30_000;
/** Enough to keep the processors busy for two users, and few enough for a small machine's memory. */
const idleMaxDefault = Math.min(16, Math.max(4, 2 * availableParallelism()));
/** Private memory above which an idle process is killed, in bytes. */
const idleBytesMax = 256 * 1024 ** 2;
const checkIntervalMs = 1000;

type Idle = { readonly child: EngineChild; readonly owner: EngineOwner; readonly cancel: () => void };

const isSame = (one: EngineOwner, other: EngineOwner): boolean =>
  one.orgId === other.orgId && one.userId === other.userId;

export function createIdleEngines(options: IdleEnginesOptions): IdleEngines {
  const { clock, idleMax = idleMaxDefault, readMemory, end } = options;
  // Least recently returned first.
  let idle: Idle[] = [];
  let spare: { readonly child: EngineChild; cancel: () => void } | undefined;
  let cancelCheck: (() => void) | undefined;

  const isGrown = ({ pid }: EngineChild): boolean => readMemory(pid ?? 0) > idleBytesMax;

  function drop(one: Idle): void {
    one.cancel();
    idle = idle.filter((other) => other !== one);
    if (idle.length > 0) return;
    cancelCheck?.();
    cancelCheck = undefined;
  }

  function evict(one: Idle): void {
    drop(one);
    end(one.child);
  }

  /** Removes idle processes that ended or grew: neither is expected without a task. */
  function check(): void {
    for (const one of idle) if (one.child.hasEnded() || isGrown(one.child)) evict(one);
    cancelCheck = idle.length > 0 ? clock.after(checkIntervalMs, check) : undefined;
  }

  /** The oldest process of the organisation that was served least recently. */
  function leastRecentlyUsed(): Idle | undefined {
    const last = new Map(idle.map(({ owner }, index) => [owner.orgId, index]));
    const [orgId] = [...last].reduce((oldest, one) => (one[1] < oldest[1] ? one : oldest));
    return idle.find(({ owner }) => owner.orgId === orgId);
  }

  return {
    add(child, owner) {
      const cancel = clock.after(idleMs, () => evict(one));
      const one: Idle = { child, owner, cancel };
      idle.push(one);
      cancelCheck ??= clock.after(checkIntervalMs, check);
      const surplus = idle.length > idleMax ? leastRecentlyUsed() : undefined;
      if (surplus) evict(surplus);
    },
    take(owner) {
      for (const one of idle.toReversed()) {
        if (!isSame(one.owner, owner)) continue;
        drop(one);
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
      for (const one of idle) drop(one);
      spare?.cancel();
      spare = undefined;
    },
  };
}
