import { readFile } from "node:fs/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { EngineFailure } from "../../../services/orchestration/engine/engine-failure.ts";
import { decodeBzip2 } from "../../../services/orchestration/engine/files/decode/bzip2/decode-bzip2.ts";
import { openPlainInput } from "../../../services/orchestration/engine/files/decode/open-plain-input.ts";
import { openPlainWriter } from "../../../services/orchestration/engine/files/decode/plain-writer.ts";
import { notUtf8 } from "../../../services/orchestration/engine/files/decode/text-position.ts";
import { createUtf8Check } from "../../../services/orchestration/engine/files/decode/utf8-check.ts";
import type { ReadingSettings } from "../../../services/orchestration/engine/reading-settings.ts";
import { forFile } from "../../lib/for-file.ts";
import { openFolder } from "./folder.ts";
import { zipOf } from "./zips.ts";

const folder = forFile(openFolder);

async function open(content: Uint8Array | string, settings: ReadingSettings = {}) {
  await folder().write(content);
  const opened = await openPlainInput({ path: "sluice_input", fileName: "a.csv", settings });
  return { ...opened, text: (await readFile(opened.path)).toString() };
}

const hex = (digits: string) => Buffer.from(digits.replaceAll(" ", ""), "hex");
const base64 = (text: string) => Buffer.from(text, "base64");
const text = "id,name\n1,é\n";

// Made by Python's bz2: two concatenated streams, and long runs in blocks of 100,000 bytes.
const bzip2OfTwo = base64(
  "QlpoOTFBWSZTWc34cMoAAALRAAAQAAQmIyAAIgZHoQwIbPOCC7kinChIZvw4ZQBCWmg5MUFZJlNZU0OTnAAAAVgUABAABCAAACAIACAAIYaBmgC7cXckU4UJBTQ5OcA=",
);
const bzip2OfRuns = base64(
  "QlpoMTFBWSZTWbTFLzoAAPd/////////////////////////////////////////////sADrZSAAAAAAmAABMACZMAAAAR6ATAAAAAAAA0AAAAAAAAAAAAAABMAEAAAAAAAAAABMAAAAAAAAAAAAEwAAAAAAAAAAAAAAmAAAEwRKgAACYmAAJkwQYCYAJgBMEYARhMAAmTTAABME0wmCNNBoNMmhgEwCGmATTAAAAAIwADAgOEBIUFhgaHB4gIiQmKCosLjAyNDY4Ojw+QEJERkhL+CYnKABUVlhaXF5gYmRmaGRmaGpsbnBydHZ4enx//EBBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGE9FyAACAAFzDIAACAAE3DAAAgABNwhtOGQGhgG/u95wcXJz77o6tja3N7g4uTm6Ors7vDy9Pb4+vz/AQMFBwkLDQ8RExUXGRsdHyEjJScpKy0uBmJmam5ydnp+goaKjpKWmp6ipqqusra6vsLGys7S1tre4ubq7vL2+v8DBwsPExcbHyMnKy8zNzr6/wMHCw8T+Yv9xsfIycrLzM3Oz9DR0tPU1dbX2Nna29zd3t/g4eLj5PIAAIAAUr7gfj5+vsXckU4UJC0xS86",
);

const cases: readonly [
  name: string,
  content: Uint8Array | string,
  settings: ReadingSettings,
  found: object,
][] = [
  ["a text in UTF-8 itself", text, {}, { compression: "none", encoding: "utf-8" }],
  ["gzip", gzipSync(text), {}, { compression: "gzip" }],
  [
    "gzip of several members",
    Buffer.concat([gzipSync("id,name\n"), gzipSync("1,é\n")]),
    {},
    { compression: "gzip" },
  ],
  [
    "gzip with zeros behind it",
    Buffer.concat([gzipSync(text), Buffer.alloc(512)]),
    {},
    { compression: "gzip" },
  ],
  [
    "zstd of several frames",
    Buffer.concat([zstdCompressSync("id,name\n"), zstdCompressSync("1,é\n")]),
    {},
    { compression: "zstd" },
  ],
  ["bzip2 of several streams", bzip2OfTwo, {}, { compression: "bzip2" }],
  [
    "a zip with a path that leads out of it",
    zipOf([{ name: "../../a.csv", content: Buffer.from(text) }]),
    {},
    { compression: "zip" },
  ],
  [
    "a zip whose file is not compressed",
    zipOf([{ name: "a.csv", content: Buffer.from(text), method: 0 }]),
    {},
    { compression: "zip" },
  ],
  [
    "a zip with what macOS adds",
    zipOf([
      { name: "d/", content: Buffer.alloc(0), method: 0 },
      { name: "d/a.csv", content: Buffer.from(text) },
      { name: "__MACOSX/d/._a.csv", content: Buffer.from("x") },
    ]),
    {},
    { compression: "zip" },
  ],
  ["UTF-16 by its mark", Buffer.from(`\ufeff${text}`, "utf16le"), {}, { encoding: "utf-16le" }],
  [
    "UTF-16 in big endian by its mark",
    Buffer.from(`\ufeff${text}`, "utf16le").swap16(),
    {},
    { encoding: "utf-16be" },
  ],
  ["UTF-16 without a mark", Buffer.from(text, "utf16le"), { encoding: "UTF-16LE" }, { encoding: "utf-16le" }],
  [
    "UTF-32 by its mark",
    hex("0000feff 00000061 0001f600 0000000a"),
    {},
    { encoding: "utf-32be", text: "a😀\n" },
  ],
  ["gzip of UTF-8 with a mark", gzipSync(`\ufeff${text}`), {}, { encoding: "utf-8" }],
  ["Windows-1252", hex("69 80 e9 0a"), { encoding: "cp1252" }, { encoding: "windows-1252", text: "i€é\n" }],
  [
    "ISO-8859-1 as it is, not as Windows-1252",
    hex("80 e9"),
    { encoding: "latin1" },
    { encoding: "iso-8859-1", text: "\u0080é" },
  ],
  ["ISO-8859-15", hex("a4 e9"), { encoding: "iso_8859-15" }, { encoding: "iso-8859-15", text: "€é" }],
  [
    "Shift-JIS",
    hex("82a0 5c 0a 8740"),
    { encoding: "Shift-JIS" },
    { encoding: "shift_jis", text: "あ\\\n①" },
  ],
  [
    "GB18030 of four bytes, and its own replacement character",
    hex("c4e3 0a 8431a437"),
    { encoding: "gb18030" },
    { encoding: "gb18030", text: "你\n\ufffd" },
  ],
];

test.each(cases)("OK: reads %s", async (_, content, settings, found) => {
  const opened = await open(content, settings);
  const { compression, encoding } = opened.found;
  expect({ compression, encoding, text: opened.text }).toMatchObject({ text, ...found });
  expect(opened.sizeBytes).toBe(Buffer.byteLength(opened.text));
});

test("OK: leaves a text in UTF-8 where it is, its byte order mark included", async () => {
  expect(await open(`\ufeff${text}`)).toMatchObject({ path: "sluice_input", text: `\ufeff${text}` });
});

test("OK: unpacks bzip2 with runs and several blocks", () => {
  let isRead = false;
  const unpacked = Buffer.concat([
    ...decodeBzip2(() => {
      const bytes = isRead ? Buffer.alloc(0) : bzip2OfRuns;
      isRead = true;
      return bytes;
    }),
  ]);
  const runs = [
    Buffer.alloc(100_000, "a"),
    Buffer.alloc(259, "b"),
    Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
  ];
  expect(unpacked.equals(Buffer.concat(runs))).toBe(true);
});

const refusals: readonly [message: string, content: Uint8Array | string, settings: ReadingSettings][] = [
  ["the gzip is cut off: it ends before its content does", gzipSync(text).subarray(0, 25), {}],
  [
    "the gzip has 5 bytes behind its end that are no gzip",
    Buffer.concat([gzipSync(text), Buffer.from("\0more")]),
    {},
  ],
  ["the gzip is damaged", Buffer.concat([gzipSync(text), Buffer.from("more")]), {}],
  ["the zstd is cut off: it ends before its content does", zstdCompressSync(text).subarray(0, 15), {}],
  ["the bzip2 is damaged: it is cut off", bzip2OfTwo.subarray(0, 30), {}],
  [
    "settings.compression is zstd, but it begins with 0x69 0x64 0x2C 0x6E, which is no zstd",
    text,
    { compression: "zstd" },
  ],
  ["it is a gzip within a zstd: upload it as it is", zstdCompressSync(gzipSync(text)), {}],
  ["it is a Parquet file within a gzip: upload it as it is", gzipSync("PAR1…"), {}],
  ["it is an xz archive, not text", hex("fd377a585a00 00"), {}],
  ["the zip has no file", zipOf([]), {}],
  [
    'the zip has 2 files, as "a.csv" and "b.csv": upload each alone',
    zipOf(["a.csv", "b.csv"].map((name) => ({ name, content: Buffer.from(text) }))),
    {},
  ],
  ['"a.csv" in the zip is encrypted', zipOf([{ name: "a.csv", content: Buffer.from(text), flags: 1 }]), {}],
  [
    '"a.csv" in the zip is compressed by method 93: only deflate (8) and none (0) are read',
    zipOf([{ name: "a.csv", content: Buffer.from(text), method: 93 }]),
    {},
  ],
  [
    "the zip is damaged: its checksum is not that of its content",
    zipOf([{ name: "a.csv", content: Buffer.from(text), crc: 1 }]),
    {},
  ],
  [
    "the zip is damaged: its list of files is missing",
    zipOf([{ name: "a.csv", content: Buffer.from(text) }]).subarray(0, 50),
    {},
  ],
  [
    "it looks like UTF-16 without a byte order mark: set settings.encoding to utf-16le",
    Buffer.from(text, "utf16le"),
    {},
  ],
  [
    "it has no byte order mark: set settings.encoding to utf-16le or utf-16be",
    Buffer.from(text, "utf16le"),
    { encoding: "utf-16" },
  ],
  [
    "it begins with the byte order mark of utf-8, but settings.encoding is windows-1252: leave it out",
    `\ufeff${text}`,
    { encoding: "windows-1252" },
  ],
  [
    "line 2, character 3: the bytes 0x81 are no character of windows-1252: set settings.encoding to the encoding of the file",
    hex("69640a 31 2c 81 0a"),
    { encoding: "windows-1252" },
  ],
  [
    "line 2, character 2: the bytes 0x81 0x20 are no character of shift_jis: set settings.encoding to the encoding of the file",
    hex("82a00a 82a0 8120 0a"),
    { encoding: "shift_jis" },
  ],
  [
    "line 1, character 2: the bytes 0x00 0xDC are no character of utf-16le: set settings.encoding to the encoding of the file",
    hex("fffe 6100 00dc 6200"),
    {},
  ],
  [
    "line 1, character 2: the bytes 0x00 0x11 0x00 0x00 are no character of utf-32be: set settings.encoding to the encoding of the file",
    hex("0000feff 00000061 00110000"),
    {},
  ],
];

test.each(refusals)("EngineFailure: %s", async (message, content, settings) => {
  await expect(open(content, settings)).rejects.toEqual(new EngineFailure("sourceDataInvalid", message));
});

test("EngineFailure: names the encodings that are known", async () => {
  await expect(open(text, { encoding: "utf-7" })).rejects.toThrow(
    /^the encoding utf-7 is not known: set settings.encoding to one of utf-8, utf-16, /,
  );
});

test("EngineFailure: ends a file that unpacks to more than one file may have", async () => {
  await using writer = await openPlainWriter("sluice_plain", 1024 ** 3 / 1024);
  const block = Buffer.alloc(512 * 1024);
  await writer.write(block);
  await writer.write(block);
  await expect(writer.write(Buffer.alloc(1))).rejects.toMatchObject({ kind: "sourceDataInvalid" });
});

describe("text that is said to be UTF-8", () => {
  test.each([
    ["all of it", ["aé", "日本😀"], undefined],
    ["a character in two blocks", [hex("61 f0 9f"), hex("98 80 62")], undefined],
    ["a character in four blocks", [hex("f0"), hex("9f"), hex("98"), hex("80")], undefined],
    ["a byte of another encoding", ["ab", hex("63 e9 64")], 3],
    ["a character that is cut off", ["ab", hex("e2 82")], 2],
    ["half of a surrogate pair", [hex("61 ed a0 80")], 1],
    ["a character that goes wrong in the next block", [hex("61 e2"), hex("28 a1")], 1],
  ] as const)("OK: finds the first byte that is none: %s", (_, blocks, offset) => {
    const check = createUtf8Check();
    const found = blocks
      .map((block) => check.check(Buffer.from(block as string)))
      .find((at) => at !== undefined);
    expect(found ?? check.end()).toBe(offset);
  });

  test("EngineFailure: names line, character and bytes, and what to set", async () => {
    await folder().write(Buffer.concat([Buffer.from("id\né,"), hex("e96c6c6f")]));
    expect(await notUtf8("sluice_input", 6)).toEqual(
      new EngineFailure(
        "sourceDataInvalid",
        "line 2, character 3: the bytes 0xE9 0x6C 0x6C 0x6F are not UTF-8: set settings.encoding to the encoding of the file, as windows-1252",
      ),
    );
  });
});

describe("bent files", () => {
  const sound = [
    gzipSync(text.repeat(50)),
    zstdCompressSync(text.repeat(50)),
    bzip2OfTwo,
    bzip2OfRuns,
    zipOf([{ name: "a.csv", content: Buffer.from(text.repeat(50)) }]),
    Buffer.from(`\ufeff${text}`, "utf16le"),
  ];

  test.each(sound.map((content) => [content.toString("hex", 0, 6), content] as const))(
    "EngineFailure: says what is wrong, or reads it: %s",
    async (_, content) => {
      let random = 7;
      const next = (below: number) => {
        random = (random * 1103515245 + 12345) % 2147483648;
        return random % below;
      };
      for (let round = 0; round < 150; round++) {
        const bent = Buffer.from(
          content.subarray(0, round % 3 === 0 ? next(content.length) : content.length),
        );
        for (let bits = next(4); bits > 0 && bent.length > 0; bits--) {
          const at = next(bent.length);
          bent[at] = (bent[at] ?? 0) ^ (1 << next(8));
        }
        const opened = await open(bent).catch((error) => error);
        if (opened instanceof Error) expect(opened).toBeInstanceOf(EngineFailure);
      }
    },
  );
});
