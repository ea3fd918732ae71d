import { expect, test } from "vitest";
import { createRate, fitLine, formatBar, formatTimeLeft } from "../../cli/terminal/progress.ts";
import { formatSize } from "../../cli/terminal/value.ts";

test("OK: a bar shows the part that is done, and nothing if the whole is not known", () => {
  expect(formatBar(1, 2)).toBe("████████████░░░░░░░░░░░░  50%");
  expect(formatBar(3, 2)).toBe("████████████████████████ 100%");
  expect(formatBar(999, 1000)).toMatch(/ 99%$/);
  expect(formatBar(5, 0)).toBe("");
});

test("OK: the newest second weighs most in a rate", () => {
  let nowMs = 0;
  const rate = createRate(() => nowMs);
  nowMs = 1000;
  rate.add(100);
  expect(rate.perSecond()).toBe(100);
  nowMs = 2000;
  rate.add(200);
  expect(rate.perSecond()).toBe(130);
});

test("OK: the label of a line becomes shorter before its figures do", () => {
  expect(fitLine("Uploading weather.csv", "50%  1:05 left", 40)).toBe(
    "Uploading weather.csv  50%  1:05 left",
  );
  expect(fitLine("Uploading weather.csv", "50%  1:05 left", 30)).toBe("Uploading wea…  50%  1:05 left");
  expect(fitLine("Uploading weather.csv", "50%  1:05 left", 16)).toBe("Uploadi…  50%  …");
});

test("OK: the time left is in minutes, or in hours", () => {
  expect(formatTimeLeft(65, 1)).toBe("1:05 left");
  expect(formatTimeLeft(3661, 1)).toBe("1:01:01 left");
  expect(formatTimeLeft(1, 0)).toBe("");
});

test("OK: sizes have three digits and a unit", () => {
  expect([0n, 999n, 1024n, 48_219n, 13_493_022n, 1n << 40n].map(formatSize)).toEqual([
    "0 B",
    "999 B",
    "1.00 KiB",
    "47.1 KiB",
    "12.9 MiB",
    "1.00 TiB",
  ]);
});
