import { expect, test } from "vitest";
import { createConfirmLease } from "../../edge/content/confirm-leases.ts";

/** Confirmations and a clock that the test controls. */
function held() {
  const clock = { nowMs: 0 };
  const asked: {
    leases: readonly string[];
    answer: (valid: boolean[]) => void;
    fail: (error: Error) => void;
  }[] = [];
  const confirm = createConfirmLease(
    (leases) => {
      const { promise, resolve, reject } = Promise.withResolvers<boolean[]>();
      asked.push({ leases, answer: resolve, fail: reject });
      return promise;
    },
    () => clock.nowMs,
  );
  return { asked, confirm, clock };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test("OK: leases that are asked about at once go into one call, each once", async () => {
  const { asked, confirm } = held();
  const answers = ["a", "b", "a"].map(confirm);
  await nextTurn();
  expect(asked.map(({ leases }) => leases)).toEqual([["a", "b"]]);
  asked[0]?.answer([true, false]);
  expect(await Promise.all(answers)).toEqual([true, false, true]);
});

test("OK: a call that is on its way answers none that come after it", async () => {
  const { asked, confirm } = held();
  const before = confirm("a");
  await nextTurn();
  const after = [confirm("a"), confirm("b")];
  await nextTurn();
  expect(asked).toHaveLength(1);
  asked[0]?.answer([true]);
  expect(await before).toBe(true);
  await nextTurn();
  expect(asked.map(({ leases }) => leases)).toEqual([["a"], ["a", "b"]]);
  asked[1]?.answer([false, true]);
  expect(await Promise.all(after)).toEqual([false, true]);
});

test("OK: a call that fails, or answers too little, confirms nothing, and the next is made", async () => {
  const { asked, confirm } = held();
  const first = confirm("a");
  await nextTurn();
  asked[0]?.fail(new Error("away"));
  expect(await first).toBe(false);
  const second = [confirm("a"), confirm("b")];
  await nextTurn();
  asked[1]?.answer([true]);
  expect(await Promise.all(second)).toEqual([true, false]);
});

test("OK: a confirmation is used for 20 ms from when it was asked for, and a refusal is not", async () => {
  const { asked, confirm, clock } = held();
  const first = [confirm("a"), confirm("b")];
  await nextTurn();
  clock.nowMs = 5;
  asked[0]?.answer([true, false]);
  expect(await Promise.all(first)).toEqual([true, false]);
  clock.nowMs = 19;
  expect(await confirm("a")).toBe(true);
  const again = confirm("b");
  await nextTurn();
  expect(asked.map(({ leases }) => leases)).toEqual([["a", "b"], ["b"]]);
  asked[1]?.answer([true]);
  expect(await again).toBe(true);
  clock.nowMs = 20;
  const late = confirm("a");
  await nextTurn();
  expect(asked[2]?.leases).toEqual(["a"]);
  asked[2]?.answer([false]);
  expect(await late).toBe(false);
});

test("OK: more leases than one call takes go into several", async () => {
  const { asked, confirm } = held();
  const answers = Array.from({ length: 1001 }, (_, at) => confirm(String(at)));
  await nextTurn();
  asked[0]?.answer(Array(1000).fill(true));
  await answers[0];
  await nextTurn();
  expect(asked.map(({ leases }) => leases.length)).toEqual([1000, 1]);
  asked[1]?.answer([true]);
  expect((await Promise.all(answers)).every(Boolean)).toBe(true);
});
