import { create, type Message } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { HttpBodySchema } from "../../gen/google/api/httpbody_pb.ts";
import { passMessages, takeMessages } from "../../services/lib/mesh/passed-messages.ts";
import { currentCall, withinCall } from "../../services/lib/rpc/call.ts";

const bodyOf = (text: string) => create(HttpBodySchema, { data: Buffer.from(text) });

const textOf = (message: Message): string =>
  Buffer.from((message as never as { data: Uint8Array }).data).toString();

test("OK: the caller gets the messages themselves, and they are read in the context of the call", async () => {
  const sent = [bodyOf("one"), bodyOf("two")];
  const contexts: (string | undefined)[] = [];
  async function* messages() {
    for (const message of sent) {
      contexts.push(currentCall()?.requestId);
      yield message;
    }
  }
  const call = { principal: undefined, requestId: "r", traceparent: undefined, tracestate: undefined };
  const { signal } = new AbortController();
  const { id, taken } = withinCall({ ...call, signal, deadlineMs: undefined }, () =>
    passMessages(messages(), signal),
  );
  const got = await Array.fromAsync(takeMessages(id));
  await taken;
  expect(got.map((message, index) => message === sent[index])).toEqual([true, true]);
  expect(contexts).toEqual(["r", "r"]);
  expect(await Array.fromAsync(takeMessages(id))).toEqual([]);
});

test("OK: a message is read when the caller takes it, and no earlier", async () => {
  let read = 0;
  async function* messages() {
    for (; read < 10; ) {
      read += 1;
      yield bodyOf(String(read));
    }
  }
  const { id } = passMessages(messages(), new AbortController().signal);
  const taking = takeMessages(id);
  expect(read).toBe(0);
  for (const expected of ["1", "2", "3"]) {
    const { value } = await taking.next();
    expect(value && textOf(value)).toBe(expected);
  }
  expect(read).toBe(3);
});

test("Error: the error that the messages end with is the call's, and the caller's messages end", async () => {
  async function* messages() {
    yield bodyOf("one");
    throw new Error("damaged");
  }
  const { id, taken } = passMessages(messages(), new AbortController().signal);
  expect((await Array.fromAsync(takeMessages(id))).map(textOf)).toEqual(["one"]);
  await expect(taken).rejects.toThrow("damaged");
});

test("Canceled: a call that is aborted ends the wait for a message that doesn't come", async () => {
  const call = new AbortController();
  async function* messages() {
    yield bodyOf("one");
    await new Promise(() => {});
  }
  const { id, taken } = passMessages(messages(), call.signal);
  const taking = takeMessages(id);
  await taking.next();
  const next = taking.next();
  call.abort();
  expect((await next).done).toBe(true);
  await taken;
});

test("Canceled: nothing is left of a call that is over before the caller takes a message", async () => {
  const call = new AbortController();
  async function* messages() {
    yield bodyOf("one");
  }
  const before = passMessages(messages(), call.signal);
  call.abort();
  await before.taken;
  const after = passMessages(messages(), call.signal);
  await after.taken;
  for (const { id } of [before, after]) expect(await Array.fromAsync(takeMessages(id))).toEqual([]);
});
