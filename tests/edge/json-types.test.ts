import { fromJson, toJson } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { registryOf } from "../../edge/errors/common-types.ts";
import { file_sluice_library_v1_library, TypesSchema } from "../../gen/sluice/library/v1/library_pb.ts";
import { startLibrary } from "./lib/library-backend.ts";
import { http1 } from "./lib/raw-http.ts";
import type { TestEdge } from "./lib/test-edge.ts";

let edge: TestEdge;
beforeAll(async () => {
  edge = await startLibrary();
});
afterAll(() => edge[Symbol.asyncDispose]());

const url = "/library/v1/types";
const post = (body: string) =>
  http1(edge.port, url, { method: "POST", headers: { "content-type": "application/json" }, body });
const ask = (query: string) => http1(edge.port, `${url}?${query}`);

const any = (type: string, rest: string) => `{"any":{"@type":"type.googleapis.com/${type}",${rest}}}`;

const registry = registryOf([file_sluice_library_v1_library]);

/** A response without unset fields, which the edge writes with their defaults. */
const withoutZeros = (answer: Parameters<typeof fromJson>[1]) =>
  toJson(TypesSchema, fromJson(TypesSchema, answer, { registry }), { registry });

describe("body", () => {
  test.each([
    ["int64 as a string", '{"int64Value":"-9223372036854775808"}', '{"int64Value":"-9223372036854775808"}'],
    ["int64 as a number", '{"int64Value":9007199254740991}', '{"int64Value":"9007199254740991"}'],
    [
      "uint64 as a string",
      '{"uint64Value":"18446744073709551615"}',
      '{"uint64Value":"18446744073709551615"}',
    ],
    [
      "int32 as a string, an exponent and a fraction of zero",
      '{"int32Value":"7","sint32Value":1e2,"uint32Value":3.0}',
      '{"int32Value":7,"sint32Value":100,"uint32Value":3}',
    ],
    [
      "NaN and infinities",
      '{"doubleValue":"NaN","floatValue":"-Infinity"}',
      '{"doubleValue":"NaN","floatValue":"-Infinity"}',
    ],
    ["base64", '{"bytesValue":"+/8="}', '{"bytesValue":"+/8="}'],
    ["base64url without padding", '{"bytesValue":"-_8"}', '{"bytesValue":"+/8="}'],
    [
      "enums by name and number",
      '{"genre":2,"genres":["GENRE_NOVEL",2,77]}',
      '{"genre":"GENRE_POEM","genres":["GENRE_NOVEL","GENRE_POEM",77]}',
    ],
    [
      "null for every kind of field",
      '{"int32Value":null,"genre":null,"inner":null,"numbers":null,"byText":null,"one":null,"time":null,"any":null,"struct":null}',
      "{}",
    ],
    ["null as a Value", '{"value":null}', '{"value":null}'],
    [
      "a Struct, a Value and a ListValue",
      '{"struct":{"a":[1,{"b":null}]},"value":"x","list":[1.5,true,{}]}',
      '{"struct":{"a":[1,{"b":null}]},"value":"x","list":[1.5,true,{}]}',
    ],
    [
      "maps by text, number and flag",
      '{"byText":{"":1},"byNumber":{"-5":"x"},"byFlag":{"true":{"int32Value":1}}}',
      '{"byText":{"":1},"byNumber":{"-5":"x"},"byFlag":{"true":{"int32Value":1}}}',
    ],
    ["a field by its own JSON name", '{"called":"x"}', '{"called":"x"}'],
    ["a field with a JSON name by its proto name", '{"renamed":"x"}', '{"called":"x"}'],
    [
      "optional fields and wrappers that are zero",
      '{"maybeNumber":0,"boolWrapper":false,"int64Wrapper":"0","stringWrapper":""}',
      '{"maybeNumber":0,"boolWrapper":false,"int64Wrapper":"0","stringWrapper":""}',
    ],
    [
      "a time with an offset and nanoseconds",
      '{"time":"2026-01-02T03:04:05.123456789+02:00"}',
      '{"time":"2026-01-02T01:04:05.123456789Z"}',
    ],
    ["a negative duration", '{"duration":"-1.5s"}', '{"duration":"-1.500s"}'],
    ["a field mask", '{"mask":"int32Value,inner.boolValue"}', '{"mask":"int32Value,inner.boolValue"}'],
    [
      "a message in an Any",
      any("sluice.library.v1.Book", '"title":"x"'),
      any("sluice.library.v1.Book", '"title":"x"'),
    ],
    [
      "a time in an Any",
      any("google.protobuf.Timestamp", '"value":"2026-01-02T03:04:05Z"'),
      any("google.protobuf.Timestamp", '"value":"2026-01-02T03:04:05Z"'),
    ],
    [
      "a number in an Any",
      any("google.protobuf.Int64Value", '"value":"7"'),
      any("google.protobuf.Int64Value", '"value":"7"'),
    ],
    [
      "a failure's detail in an Any",
      any("google.rpc.ErrorInfo", '"reason":"X"'),
      any("google.rpc.ErrorInfo", '"reason":"X"'),
    ],
    ["an empty Any", '{"any":{}}', '{"any":{}}'],
    [
      "text of every kind",
      '{"stringValue":"\\u0000\\ud83d\\ude00\\"\\n"}',
      '{"stringValue":"\\u0000😀\\"\\n"}',
    ],
    ["an empty body", "", "{}"],
  ])("OK: %s", async (_, sent, expected) => {
    const { status, body } = await post(sent);
    expect(status).toBe(200);
    const wanted = JSON.parse(expected);
    const answer = JSON.parse(body) ?? {};
    expect(answer).toMatchObject(wanted);
    expect(withoutZeros(answer)).toEqual(wanted);
  });

  test.each([
    ["an int64 that a double would change", '{"int64Value":9007199254740993}', "int64Value"],
    ["an int64 beyond its range", '{"int64Value":"9223372036854775808"}', "types.int64_value"],
    ["a fraction for an integer", '{"int32Value":1.5}', "types.int32_value"],
    ["a negative unsigned number", '{"uint32Value":-1}', "types.uint32_value"],
    ["a float beyond its range", '{"floatValue":1e39}', "types.float_value"],
    ["a number for a text", '{"stringValue":1}', "types.string_value"],
    ["a text for a flag", '{"boolValue":"true"}', "types.bool_value"],
    ["half a character", '{"stringValue":"\\ud800"}', "types.string_value"],
    ["what is no base64", '{"bytesValue":"*"}', "types.bytes_value"],
    ["an unknown enum name", '{"genre":"GENRE_EPIC"}', "types.genre"],
    ["null in a list", '{"numbers":[null]}', "types.numbers"],
    ["a oneof set twice", '{"one":"a","other":1}', "types"],
    ["an unknown field within a list", '{"inners":[{},{"nothing":1}]}', "types.inners[1].nothing"],
    ["a field twice, by both its names", '{"called":"a","renamed":"b"}', "types"],
    ["a time that is none", '{"time":"2026-13-01T00:00:00Z"}', "types.time"],
    ["a duration without its unit", '{"duration":"1"}', "types.duration"],
    ["an Any of an unknown type", any("foreign.v1.Thing", '"a":1'), "types.any"],
    ["an Any without a type", '{"any":{"title":"x"}}', "types.any"],
    ["a map's key that is no number", '{"byNumber":{"x":"y"}}', "types.by_number"],
  ])("InvalidArgument: %s", async (_, sent, field) => {
    const { status, body } = await post(sent);
    expect(status).toBe(400);
    expect(JSON.parse(body).error.details[0].fieldViolations[0].field).toBe(field);
  });
});

describe("query", () => {
  test.each([
    ["types.int64_value=-9223372036854775808", { int64Value: "-9223372036854775808" }],
    ["types.fixed64Value=18446744073709551615", { fixed64Value: "18446744073709551615" }],
    ["types.float_value=-Infinity", { floatValue: "-Infinity" }],
    ["types.bytesValue=-_8", { bytesValue: "+/8=" }],
    ["types.genres=GENRE_NOVEL&types.genres=2", { genres: ["GENRE_NOVEL", "GENRE_POEM"] }],
    ["types.genre=77", { genre: 77 }],
    ["types.by_number[-5]=x&types.by_text[]=1", { byNumber: { "-5": "x" }, byText: { "": 1 } }],
    ["types.inner.inner.bool_value=true", { inner: { inner: { boolValue: true } } }],
    ["types.time=2026-01-02T03:04:05%2B02:00", { time: "2026-01-02T01:04:05Z" }],
    ["types.duration=-1.5s&types.mask=int32_value", { duration: "-1.500s", mask: "int32Value" }],
    ["types.bytes_wrapper=%2B/8=&types.uint64_wrapper=7", { bytesWrapper: "+/8=", uint64Wrapper: "7" }],
    ["types.double_wrapper=NaN&types.string_wrapper=a+b", { doubleWrapper: "NaN", stringWrapper: "a b" }],
    ["types.called=x", { called: "x" }],
    ["types.other=1", { other: 1 }],
  ])("OK: %s", async (query, expected) => {
    const answer = JSON.parse((await ask(query)).body);
    expect(answer).toMatchObject(expected);
    expect(withoutZeros(answer)).toEqual(expected);
  });

  test.each([
    ["types.inners.bool_value=true", "types.inners.bool_value"],
    ["types.any=x", "types.any"],
    ["types.struct=x", "types.struct"],
    ["types.by_flag[true]=x", "types.by_flag[true]"],
    ["types.by_number[x]=y", "types.by_number"],
    ["types.by_text[__proto__]=1", "types.by_text[__proto__]"],
    ["types.one=a&types.other=1", "types"],
    [`types.${"inner.".repeat(120)}bool_value=true`, `types.${"inner.".repeat(120)}bool_value`],
  ])("InvalidArgument: %s", async (query, field) => {
    const { status, body } = await ask(query);
    expect(status).toBe(400);
    expect(JSON.parse(body).error.details[0].fieldViolations[0].field).toBe(field);
  });
});
