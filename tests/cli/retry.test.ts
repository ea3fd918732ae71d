import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { CommandError } from "../../cli/failures/command-error.ts";
import { createRetries, isTransient } from "../../cli/transfer/retry.ts";
import { createStallLimit } from "../../cli/transfer/stall-limit.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";

const failure = (code: Code, reason?: string, cause?: unknown) =>
  new ConnectError("x", code, undefined, reason ? [{ desc: ErrorInfoSchema, value: { reason } }] : [], cause);

test("OK: failures of the connection and of a busy server are tried again, answers are not", () => {
  const reset = Object.assign(new Error("reset"), { code: "EPIPE" });
  const again = [
    failure(Code.Unavailable),
    failure(Code.Aborted),
    failure(Code.Canceled),
    failure(Code.Internal, undefined, reset),
    failure(Code.Unavailable, "UPSTREAM_UNAVAILABLE"),
    failure(Code.ResourceExhausted, "RATE_LIMIT_EXCEEDED"),
    failure(Code.Aborted, "UPLOAD_OFFSET_MISMATCH"),
  ];
  const final = [
    failure(Code.Internal),
    failure(Code.NotFound),
    failure(Code.Aborted, "ETAG_MISMATCH"),
    failure(Code.ResourceExhausted, "QUOTA_EXCEEDED"),
    failure(Code.Unknown, undefined, new CommandError("you are not logged in")),
    reset,
    new CommandError("no"),
  ];
  expect([again.filter((error) => !isTransient(error)), final.filter(isTransient)]).toEqual([[], []]);
});

test("Unavailable: gives up after so many attempts, and at once after an interrupt", async () => {
  const notes: string[] = [];
  const report = { advance() {}, skip() {}, note: (text: string) => void notes.push(text) };
  const interrupt = new AbortController();
  const retries = createRetries("a", { signal: interrupt.signal, report, retriesMax: 1 });
  const lost = failure(Code.Unavailable);
  await retries.afterFailure(lost);
  await expect(retries.afterFailure(lost)).rejects.toBe(lost);
  retries.progressed();
  interrupt.abort();
  await expect(retries.afterFailure(lost)).rejects.toBe(lost);
  expect(notes).toEqual(["a: the connection was lost (x): trying again in 0.5 s (1 of 1)"]);
});

test("DeadlineExceeded: an attempt without any progress ends, and the whole goes on", async () => {
  const outer = new AbortController();
  using stall = createStallLimit(outer.signal, 1);
  await new Promise((resolve) => stall.signal.addEventListener("abort", resolve));
  expect([stall.signal.reason.code, isTransient(stall.signal.reason)]).toEqual([Code.DeadlineExceeded, true]);
  expect(outer.signal.aborted).toBe(false);
  using other = createStallLimit(outer.signal);
  outer.abort();
  expect(other.signal.aborted).toBe(true);
});
