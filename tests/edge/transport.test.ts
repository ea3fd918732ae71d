import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { EchoService } from "../../gen/sluice/test/v1/echo_pb.ts";
import { type GrpcServer, startGrpcServer } from "../../services/lib/mesh/grpc-server.ts";
import { createVerifier } from "../../services/lib/rpc/principal.ts";
import { meshKeys, principal, transportAs } from "../lib/test-mesh.ts";
import { createEchoService } from "./lib/echo-backend.ts";

let server: GrpcServer;
let transport: ReturnType<typeof transportAs>;
beforeAll(async () => {
  server = await startGrpcServer({
    listen: "127.0.0.1:0",
    services: [createEchoService().service],
    verifier: createVerifier(meshKeys.publicKeys),
    log: pino({ level: "silent" }),
  });
  transport = transportAs(server.address, principal(), "edge");
});
afterAll(async () => {
  transport[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

const echo = () => createClient(EchoService, transport);

async function failureOf(call: Promise<unknown>): Promise<ConnectError> {
  const error = await call.then(
    () => new Error("the call succeeded"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConnectError)) throw error;
  return error;
}

describe.each([
  ["without details", ErrorReason.UNSPECIFIED],
  ["with details", ErrorReason.STATE_CONFLICT],
])("an error %s", (_, reason) => {
  const failedWith = async (message: string) => {
    const error = await failureOf(echo().fail({ code: Code.Aborted, reason, message }));
    expect([Code[error.code], error.findDetails(ErrorInfoSchema).length]).toEqual([
      "Aborted",
      reason ? 1 : 0,
    ]);
    return error.rawMessage;
  };

  test.each([
    ["of many alphabets", "die Größe ist \u{1f600}, 大きい"],
    ["with what URLs escape", "100% of %41/%2F?a=b&c#d+e;f@g:h,i$j"],
    ["with line ends", "one\r\ntwo\n"],
    ["that is long", "大".repeat(1_365)],
  ])("Aborted: a message %s arrives as it was", async (_title, message) => {
    expect(await failedWith(message)).toBe(message);
  });

  test("Aborted: a message that is too long for a header is cut, and its connection lives on", async () => {
    const caller = new AbortController();
    const call = echo().count({}, { signal: caller.signal })[Symbol.asyncIterator]();
    await call.next();
    expect(await failedWith("大".repeat(100_000))).toBe(`${"大".repeat(1_365)}…`);
    expect((await call.next()).value).toMatchObject({ number: 2 });
    caller.abort();
  });
});

describe.each([
  ["one answer", (messages: AsyncIterable<{ text: string }>) => echo().sum(toNumbers(messages))],
  [
    "many answers",
    async (messages: AsyncIterable<{ text: string }>) => {
      for await (const _ of echo().chat(messages));
    },
  ],
] as const)("a call of %s", (_, call) => {
  test.each([
    ["at once", 0],
    ["later", 3],
  ])("DataLoss: the error of the requests' own source, which fails %s", async (_title, after) => {
    const failed = new ConnectError("the source is damaged", Code.DataLoss);
    async function* source() {
      for (let at = 0; at < after; at += 1) yield { text: String(at) };
      throw failed;
    }
    await expect(call(source())).rejects.toBe(failed);
  });
});

async function* toNumbers(messages: AsyncIterable<{ text: string }>) {
  for await (const { text } of messages) yield { number: Number(text) };
}
