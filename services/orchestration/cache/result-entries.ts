import { Code, ConnectError } from "@connectrpc/connect";
import { currentCall, withinCall } from "../../lib/rpc/call.ts";
import type { CacheClient, CachePlace } from "./cache-client.ts";
import type { Seal } from "./seal.ts";

/** Waits for work when the process stops. */
export type Tracker = { track<T>(work: () => Promise<T>): Promise<T> };

type ResultEntriesOptions = {
  readonly client: CacheClient;
  readonly seal: Seal;
  readonly pendingWork: Tracker;
  /** Lifetime of a result. */
  readonly ttlMs: number;
};

/** Sealed results in the cache. Nothing is thrown: a failure is a miss. */
export type ResultEntries = {
  /** The kept result, or the slot for a new one; undefined if the cache does not answer. */
  look(place: CachePlace, request: LookRequest): Promise<{ readonly value: Uint8Array } | Slot | undefined>;
  /** The slot for a result that replaces the kept one. */
  slotOf(place: CachePlace): Slot;
};

type LookRequest = {
  readonly waitMs: number;
  readonly computeMs: number;
  readonly signal: AbortSignal;
};

/** The place of a result that the caller computes. It ends once, and is written after the response. */
export type Slot = {
  keep(value: Uint8Array): void;
  /** There is nothing to keep, and nobody waits for it the next time. */
  refuse(): void;
  /** The computation failed. An error that an equal call has, too, is not waited for. */
  fail(error: unknown): void;
  /** What was computed is not for this place. */
  abandon(): void;
};

/** How long it is known that a result is not kept: because it can't be, and because it failed. */
const refusalMs = 10 * 60_000;
const failureMs = 5_000;

/** A caller waits in calls of this length, so that it learns within one that the cache has died. */
const waitStepMs = 1_000;
/** Time beyond the computation until others get its lease, and the longest lease. */
const leaseMarginMs = 10_000;
const leaseMsMax = 600_000;

/** First byte of a value: a result, or the note that there is none to wait for. */
const forms = { result: 1, refused: 0 } as const;

/** Failures that an equal call has, too. */
const lasting: readonly Code[] = [Code.InvalidArgument, Code.FailedPrecondition, Code.ResourceExhausted];

export function createResultEntries({
  client,
  seal,
  pendingWork,
  ttlMs,
}: ResultEntriesOptions): ResultEntries {
  const write = (work: () => Promise<void>): void => void pendingWork.track(() => afterCall(work));

  function slotOf(place: CachePlace, leaseId: string, isRefused: boolean): Slot {
    const set = (form: number, value: Uint8Array, lifetimeMs: number) => {
      const sealed = seal.close(place.key, Buffer.concat([Buffer.of(form), value]));
      write(() => client.set(place, sealed, lifetimeMs, leaseId));
    };
    const abandon = () => {
      if (leaseId !== "") write(() => client.giveBack(place, leaseId));
    };
    return {
      keep: (value) => set(forms.result, value, ttlMs),
      refuse() {
        if (!isRefused) set(forms.refused, Buffer.of(), refusalMs);
      },
      fail(error) {
        const isLasting = error instanceof ConnectError && lasting.includes(error.code);
        if (isLasting && leaseId !== "") set(forms.refused, Buffer.of(), failureMs);
        else abandon();
      },
      abandon,
    };
  }

  function opened(place: CachePlace, sealed: Uint8Array): { readonly value: Uint8Array } | Slot {
    const value = seal.open(place.key, sealed);
    if (value?.[0] === forms.result) return { value: value.subarray(1) };
    return slotOf(place, "", value?.[0] === forms.refused);
  }

  return {
    async look(place, { waitMs, computeMs, signal }) {
      const leaseMs = Math.min(Math.max(computeMs, 0) + leaseMarginMs, leaseMsMax);
      for (const stepMs of stepsOf(waitMs)) {
        const leased = await client.lease(place, { waitMs: stepMs, leaseMs, signal });
        if (!leased) return undefined;
        if (leased.value) return opened(place, leased.value);
        if (leased.leaseId !== "") return slotOf(place, leased.leaseId, false);
      }
      return slotOf(place, "", false);
    },
    slotOf: (place) => slotOf(place, "", false),
  };
}

/** The waits of the calls: first none, to see whether there is somebody to wait for. */
function stepsOf(waitMs: number): number[] {
  const wholeSteps = Math.floor(waitMs / waitStepMs);
  const restMs = Math.floor(waitMs % waitStepMs);
  return [0, ...Array<number>(wholeSteps).fill(waitStepMs), ...(restMs > 0 ? [restMs] : [])];
}

/** Runs work on behalf of the current call's caller that outlives the call. */
function afterCall(work: () => Promise<void>): Promise<void> {
  const call = currentCall();
  if (!call) throw new Error("a result is kept outside of a call");
  return withinCall({ ...call, signal: new AbortController().signal, deadlineMs: undefined }, work);
}
