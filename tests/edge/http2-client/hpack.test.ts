import { constants } from "node:http2";
import { describe, expect, test } from "vitest";
import { createHeaderDecoder } from "../../../edge/http2-client/hpack/decoder.ts";
import { createHeaderEncoder } from "../../../edge/http2-client/hpack/encode-headers.ts";
import { Http2Error } from "../../../edge/http2-client/http2-error.ts";

const listBytesMax = 64 * 1024;
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

/** Decodes the blocks of one connection in order. */
function decodeEach(...blocks: string[]) {
  const decoder = createHeaderDecoder(listBytesMax);
  return blocks.map((block) => decoder.decode(hex(block)));
}

function failureOf(work: () => unknown): Http2Error {
  try {
    work();
  } catch (error) {
    if (error instanceof Http2Error) return error;
    throw error;
  }
  throw new Error("it succeeded");
}

describe("header blocks of RFC 7541, appendix C", () => {
  test.each([
    [
      "C.2.1, a literal that is indexed",
      "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
      ["custom-key", "custom-header"],
    ],
    ["C.2.2, one that is not", "040c 2f73 616d 706c 652f 7061 7468", [":path", "/sample/path"]],
    ["C.2.3, one that never is", "1008 7061 7373 776f 7264 0673 6563 7265 74", ["password", "secret"]],
    ["C.2.4, an index", "82", [":method", "GET"]],
  ])("OK: %s", (_, block, fields) => {
    expect(decodeEach(block)).toEqual([fields]);
  });

  const requests = [
    [":method", "GET", ":scheme", "http", ":path", "/", ":authority", "www.example.com"],
    [
      ":method",
      "GET",
      ":scheme",
      "http",
      ":path",
      "/",
      ":authority",
      "www.example.com",
      "cache-control",
      "no-cache",
    ],
    [
      ":method",
      "GET",
      ":scheme",
      "https",
      ":path",
      "/index.html",
      ":authority",
      "www.example.com",
      "custom-key",
      "custom-value",
    ],
  ];
  test.each([
    [
      "C.3, as plain text",
      "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      "8286 84be 5808 6e6f 2d63 6163 6865",
      "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ],
    [
      "C.4, in Huffman's code",
      "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
      "8286 84be 5886 a8eb 1064 9cbf",
      "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ],
  ])("OK: %s, requests refer to what came before", (_, ...blocks) => {
    expect(decodeEach(...blocks)).toEqual(requests);
  });

  test("OK: C.6, what no longer fits into the table leaves it", () => {
    const date = "Mon, 21 Oct 2013 20:13:21 GMT";
    const location = ["location", "https://www.example.com"];
    const table256 = "3fe101";
    expect(
      decodeEach(
        `${table256} 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
        "4883 640e ffc1 c0bf",
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
      ),
    ).toEqual([
      [":status", "302", "cache-control", "private", "date", date, ...location],
      [":status", "307", "cache-control", "private", "date", date, ...location],
      [
        ":status",
        "200",
        "cache-control",
        "private",
        "date",
        "Mon, 21 Oct 2013 20:13:22 GMT",
        ...location,
        "content-encoding",
        "gzip",
        "set-cookie",
        "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
      ],
    ]);
  });
});

describe("COMPRESSION_ERROR:", () => {
  test.each([
    ["a reference to field 0", "80", "field 0"],
    ["a reference to a field that was never sent", "be", "field 62"],
    ["a name that was never sent", "7e 0161", "field 62"],
    ["a text that is longer than the block", "40 0561", "ends within a field"],
    ["a text that does not begin", "40", "ends within a field"],
    ["a number that does not end", "ff ff", "ends within a field"],
    ["a number without bounds", "ff ffffffffffff00", "too large"],
    ["a table that is larger than allowed", "3fe21f", "too large"],
    ["a table that changes after a field", "82 20", "changes within"],
    ["Huffman's code that ends with zeros", "40 8118 0161", "does not end as it must"],
    ["Huffman's code with eight bits too many", "40 82 1fff 0161", "does not end as it must"],
    ["Huffman's code with the end of texts", "40 84 ffffffff 0161", "does not end as it must"],
  ])("%s", (_, block, problem) => {
    const { code, message } = failureOf(() => decodeEach(block));
    expect([code, message]).toEqual([constants.NGHTTP2_COMPRESSION_ERROR, expect.stringContaining(problem)]);
  });
});

describe("of its stream alone:", () => {
  const literal = (name: string, value: string) =>
    Buffer.concat([
      Buffer.of(0x40, name.length),
      Buffer.from(name, "latin1"),
      Buffer.of(value.length),
      Buffer.from(value, "latin1"),
    ]).toString("hex");

  test.each([
    ["a name with a large letter", "Name", "a"],
    ["a name with a space", "na me", "a"],
    ["an empty name", "", "a"],
    ["a value with a line's end", "name", "a\r\nb: c"],
    ["a value with a zero", "name", "a\0"],
  ])("malformed: %s, also when it is referred to later", (_, name, value) => {
    expect(decodeEach(literal(name, value), "be", "82")).toEqual([
      "malformed",
      "malformed",
      [":method", "GET"],
    ]);
  });

  test("too large: fields that are referred to again and again", () => {
    const value = "x".repeat(100);
    const fieldBytes = "name".length + value.length + 32;
    const fits = Math.floor(listBytesMax / fieldBytes);
    const [first, fit, tooLarge, after] = decodeEach(
      literal("name", value),
      "be".repeat(fits),
      "be".repeat(fits + 1),
      "be",
    );
    expect(first).toEqual(["name", value]);
    expect(fit).toHaveLength(2 * fits);
    expect([tooLarge, after]).toEqual(["too large", ["name", value]]);
  });
});

describe("what is sent", () => {
  const encode = createHeaderEncoder({ ":scheme": "http", ":authority": "a" });
  const decode = (block: Buffer) => createHeaderDecoder(listBytesMax).decode(block);

  test("OK: comes out as it went in, whatever its length", () => {
    const long = "x".repeat(20_000);
    const block = encode({
      ":method": "POST",
      ":path": "/p",
      te: "trailers",
      "x-long": long,
      "x-two": ["a", "\xff"],
      "x-none": undefined,
      "x-five": 5,
    });
    expect(decode(block)).toEqual(
      [
        [":scheme", "http", ":authority", "a", ":method", "POST", ":path", "/p", "te", "trailers"],
        ["x-long", long, "x-two", "a", "x-two", "\xff", "x-five", "5"],
      ].flat(),
    );
  });

  test.each([
    ["a name", { "x y": "1" }, "a name that none may have"],
    ["a name with a line's end", { "x\n": "1" }, "a name that none may have"],
    ["a value with a line's end", { x: "1\r\ny: 2" }, "header x has characters"],
    ["a value that is no bytes", { x: "大" }, "header x has characters"],
  ])("TypeError: %s", (_, headers, problem) => {
    expect(() => encode(headers)).toThrow(problem);
  });
});
