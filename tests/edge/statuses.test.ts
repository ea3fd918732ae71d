import { create, fromJson, type JsonObject, type JsonValue, toBinary } from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commonTypes } from "../../edge/errors/common-types.ts";
import { StatusSchema } from "../../gen/google/rpc/status_pb.ts";
import { startFaultyEdge } from "./lib/fault-backend.ts";
import { statusCallers, type Told } from "./lib/status-callers.ts";
import type { TestEdge } from "./lib/test-edge.ts";

// The failing services are grpc-js alone, without any code of Sluice.

let edge: TestEdge;
beforeAll(async () => {
  edge = await startFaultyEdge();
});
afterAll(() => edge[Symbol.asyncDispose]());

const codes = [
  [1, "CANCELLED"],
  [2, "UNKNOWN"],
  [3, "INVALID_ARGUMENT"],
  [4, "DEADLINE_EXCEEDED"],
  [5, "NOT_FOUND"],
  [6, "ALREADY_EXISTS"],
  [7, "PERMISSION_DENIED"],
  [8, "RESOURCE_EXHAUSTED"],
  [9, "FAILED_PRECONDITION"],
  [10, "ABORTED"],
  [11, "OUT_OF_RANGE"],
  [12, "UNIMPLEMENTED"],
  [13, "INTERNAL"],
  [14, "UNAVAILABLE"],
  [15, "DATA_LOSS"],
  [16, "UNAUTHENTICATED"],
  // Codes that gRPC does not define.
  [17, "UNKNOWN"],
  [99, "UNKNOWN"],
] as const;
const hidden: readonly string[] = ["INTERNAL", "UNKNOWN"];

const message = '50% of "ünï",\r\nsecond line: %41 %zz 😀 \\ ~ \u0001';

/** A detail as sent by the service, and in the edge's JSON. */
type Detail = { type: string; value: Uint8Array; json: JsonObject };

function known(type: string, json: JsonValue): Detail {
  const desc = commonTypes.getMessage(type);
  if (!desc) throw new Error(`${type} is not known`);
  const value = toBinary(desc, fromJson(desc, json));
  return { type, value, json: typeof json === "object" ? (json as JsonObject) : { value: json } };
}
const foreign = (...value: number[]): Detail => ({
  type: "foreign.v1.Detail",
  value: new Uint8Array(value),
  json: { value: Buffer.from(value).toString("base64") },
});

const details = [
  known("google.rpc.ErrorInfo", { reason: "BROKEN", domain: "example.com", metadata: { ünï: "100%\n" } }),
  known("google.rpc.BadRequest", { fieldViolations: [{ field: "a.b", description: "no" }] }),
  known("google.protobuf.Duration", "1.500s"),
  foreign(0xff, 0x00, 0x01),
  // The bytes are not a message of the type.
  { type: "google.rpc.ErrorInfo", value: new Uint8Array([0x0a, 0x7f]), json: { value: "Cn8=" } },
];

function statusOf(code: number, text: string, sent: readonly Detail[]): Uint8Array {
  const packed = sent.map(({ type, value }) =>
    create(AnySchema, { typeUrl: `type.googleapis.com/${type}`, value }),
  );
  return toBinary(StatusSchema, create(StatusSchema, { code, message: text, details: packed }));
}

const inJson = (sent: readonly Detail[]): Told["details"] =>
  sent.map(({ type, json }) => ({ type, value: json }));
const inBytes = (sent: readonly Detail[]): Told["details"] =>
  sent.map(({ type, value }) => ({ type, value: Buffer.from(value).toString("base64") }));

describe.each(Object.entries(statusCallers))("%s", (name, call) => {
  const expected = name.startsWith("REST") ? inJson : inBytes;

  describe.each([
    ["a unary call", undefined],
    ["a stream before its first message", 0],
    ["a stream after its first messages", 2],
  ])("%s", (_, after) => {
    test.each(codes)("code %i: arrives as %s with its message and its details", async (code, told) => {
      const isHidden = hidden.includes(told);
      expect(await call(edge.url, statusOf(code, message, details), after)).toEqual({
        code: told,
        message: isHidden ? "internal error, request id the-id" : message,
        details: isHidden ? [] : expected(details),
        messages: after ?? 0,
      });
    });

    test("code 0: is no error", async () => {
      expect(await call(edge.url, statusOf(0, "", []), after)).toEqual({
        code: "OK",
        message: "",
        details: [],
        messages: after ?? 0,
      });
    });

    test("NotFound: a text of 8 KiB is cut to 4 KiB and stays whole characters", async () => {
      const { message: cut } = await call(edge.url, statusOf(5, "ü€".repeat(1639), []), after);
      expect(cut).toBe(`${"ü€".repeat(819)}…`);
    });

    test("NotFound: details of 20 KiB arrive, and of more than 24 KiB do not, with their message", async () => {
      const large = [foreign(...new Uint8Array(20_000).fill(1))];
      expect((await call(edge.url, statusOf(5, "gone", large), after)).details).toEqual(expected(large));
      const tooLarge = [foreign(...new Uint8Array(25_000).fill(1))];
      expect(await call(edge.url, statusOf(5, "gone", tooLarge), after)).toMatchObject({
        code: "NOT_FOUND",
        message: "gone",
        details: [],
      });
    });
  });
});

test("Internal: what callers are not told stands in the log, with the request id", async () => {
  const before = edge.log.length;
  const text = "ECONNREFUSED /run/secret.sock";
  const [call] = Object.values(statusCallers);
  await call?.(edge.url, statusOf(13, text, details), undefined);
  const line = edge.log.slice(before).find(({ msg }) => msg === "request failed");
  expect(line).toMatchObject({ requestId: "the-id" });
  expect(JSON.stringify(line?.err)).toContain(text);
});
