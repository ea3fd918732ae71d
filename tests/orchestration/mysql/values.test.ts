import { expect, test } from "vitest";
import { readerOf } from "../../../services/orchestration/connectors/mysql/catalog/column-reader.ts";
import { typeCodes } from "../../../services/orchestration/connectors/mysql/catalog/type-codes.ts";
import { createRowReader } from "../../../services/orchestration/connectors/mysql/wire/binary-row.ts";

const column = (type: number, overrides = {}) => ({
  name: "c",
  type,
  isUnsigned: false,
  isBinary: false,
  length: 10,
  decimals: 0,
  extendedType: "",
  ...overrides,
});

function textOf(type: number, value: Buffer, overrides = {}): string | null | undefined {
  const described = column(type, overrides);
  const { text } = readerOf(described, { zeroDates: "refuse" });
  return createRowReader([described], [text])(Buffer.concat([Buffer.from([0, 0]), value]))?.[0];
}

const doubleOf = (value: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
};

const floatOf = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
};

test("OK: doubles keep their sign, and those that MySQL does not have their names", () => {
  expect(
    [-0, 0, 5e-324, Number.NaN, Number.NEGATIVE_INFINITY].map((value) =>
      textOf(typeCodes.double, doubleOf(value)),
    ),
  ).toEqual(["-0", "0", "5e-324", "NaN", "-Infinity"]);
});

test("OK: every power of two that a float can be is the same float as text", () => {
  for (let exponent = -149; exponent < 128; exponent += 1) {
    expect(Math.fround(Number(textOf(typeCodes.float, floatOf(2 ** exponent))))).toBe(2 ** exponent);
  }
});

test("OK: floats keep their sign", () => {
  expect([-0, 0, -1.5].map((value) => textOf(typeCodes.float, floatOf(value)))).toEqual(["-0", "0", "-1.5"]);
});

test.each([
  ["a date of a length that there is not", typeCodes.date, "\x03abc", /a time that can't be read/],
  ["an hour of 25", typeCodes.datetime, "\x07\xe8\x07\x01\x01\x19\0\0", /a time that can't be read/],
  [
    "the 30th of February",
    typeCodes.date,
    "\x04\xe8\x07\x02\x1e",
    /the date 2024-02-30, which no calendar has/,
  ],
  ["a span of 40 days", typeCodes.time, "\x08\0\x28\0\0\0\0\0\0", /a time that can't be read/],
  ["a decimal that is a word", typeCodes.decimal, "\x03abc", /a decimal that is no number/],
  ["bits without a byte", typeCodes.bit, "\0", /bits that can't be read/],
  ["a text that is not UTF-8", typeCodes.varString, "\x02\xc3\x28", /a text that is not UTF-8/],
] as const)("SOURCE_DATA_INVALID: %s", (_, type, value, problem) => {
  expect(() => textOf(type, Buffer.from(value, "latin1"))).toThrow(problem);
});

test("OK: a replacement character that is meant is kept", () => {
  expect(textOf(typeCodes.varString, Buffer.from("\x03\ufffd"))).toBe("\ufffd");
});

test.each([
  ["no bitmap", ""],
  ["another head", "\x01\0\0"],
  ["a value that is missing", "\0\0"],
  ["a byte too many", "\0\0\x01ab"],
  ["a length of null", "\0\0\xfb"],
])("undefined: a row with %s", (_, row) => {
  const { text } = readerOf(column(typeCodes.varString), { zeroDates: "refuse" });
  expect(createRowReader([column(typeCodes.varString)], [text])(Buffer.from(row, "latin1"))).toBeUndefined();
});
