import { expect, test } from "vitest";
import { createCachedLoad } from "../../services/identity/oidc/cached-load.ts";

/** A load that counts, on a clock of the test's. */
function counting() {
  const state = { nowMs: 0, loads: 0, fails: false };
  const cached = createCachedLoad(
    async () => {
      state.loads += 1;
      if (state.fails) throw new Error(`failure ${state.loads}`);
      return state.loads;
    },
    { freshMs: 100, staleMs: 1000, cooldownMs: 10 },
    () => state.nowMs,
  );
  return { state, cached };
}

test("OK: loads once while the value is fresh, also for calls at the same time", async () => {
  const { state, cached } = counting();
  expect(await Promise.all([cached.get(), cached.get()])).toEqual([1, 1]);
  state.nowMs = 99;
  expect(await cached.get()).toBe(1);
});

test("OK: loads an old value again in the background, and keeps it if that fails", async () => {
  const { state, cached } = counting();
  await cached.get();
  Object.assign(state, { nowMs: 100, fails: true });
  expect(await cached.get()).toBe(1);
  await expect(cached.reload()).rejects.toThrow("failure 2");
  expect(await cached.get()).toBe(1);
  expect(state.loads).toBe(2);

  Object.assign(state, { nowMs: 110, fails: false });
  expect(await cached.get()).toBe(1);
  expect(await cached.reload()).toBe(3);
  expect(await cached.get()).toBe(3);
});

test("rejects: a value that is too old, and none; asks again after the cooldown", async () => {
  const { state, cached } = counting();
  await cached.get();
  Object.assign(state, { nowMs: 1000, fails: true });
  await expect(cached.get()).rejects.toThrow("failure 2");
  await expect(cached.get()).rejects.toThrow("failure 2");
  await expect(cached.reload()).rejects.toThrow("failure 2");
  state.nowMs = 1010;
  await expect(cached.get()).rejects.toThrow("failure 3");
});

test("OK: reload loads again, but not within the cooldown", async () => {
  const { state, cached } = counting();
  expect(await cached.reload()).toBe(1);
  state.nowMs = 9;
  expect(await cached.reload()).toBe(1);
  state.nowMs = 10;
  expect(await Promise.all([cached.reload(), cached.reload()])).toEqual([2, 2]);
});
