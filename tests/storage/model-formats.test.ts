import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { inspectFile } from "../../services/storage/models/formats/inspect-file.ts";

const inspect = (content: string | Uint8Array) => {
  const bytes = typeof content === "string" ? Buffer.from(content, "latin1") : content;
  return inspectFile({ sizeBytes: bytes.length, read: async (start, end) => bytes.subarray(start, end) });
};

const isUnsafe = (format: string, ...findings: string[]) => ({ format, safety: "unsafe", findings });

/** Pickles of an object whose __reduce__ is (os.system, ("true",)), as Python 3.11 writes them. */
const calls = {
  "protocol 0": "cposix\nsystem\np0\n(Vtrue\np1\ntp2\nRp3\n.",
  "protocol 1": "cposix\nsystem\nq\x00(X\x04\x00\x00\x00trueq\x01tq\x02Rq\x03.",
  "protocol 2": "\x80\x02cposix\nsystem\nq\x00X\x04\x00\x00\x00trueq\x01\x85q\x02Rq\x03.",
  "protocol 4":
    "\x80\x04\x95\x1f\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94.",
};

test.each(Object.entries(calls))("OK: a pickle of %s is one, with what it imports", async (_name, pickle) => {
  expect(await inspect(pickle)).toEqual(isUnsafe("pickle", "pickle: posix.system"));
});

test.each([
  ["a damaged end", calls["protocol 0"].slice(0, -1)],
  ["other bytes behind it", `${calls["protocol 1"]}#!junk`],
  ["a long text before the call", `V${"x".repeat(300_000)}\n0${calls["protocol 0"]}`],
  ["an instance instead of a call", "(S'true'\nios\nsystem\n."],
])("OK: a pickle with %s is found: its code runs before the loader fails", async (_name, pickle) => {
  expect(await inspect(pickle)).toMatchObject({ format: "pickle", safety: "unsafe" });
});

test("OK: a pickle without calls is one, too", async () => {
  expect(await inspect("\x80\x04]\x94(K\x01K\x02e.")).toEqual(isUnsafe("pickle", "pickle without imports"));
  expect(await inspect("(lp0\nI1\na.")).toEqual(isUnsafe("pickle", "pickle without imports"));
});

test("OK: compressed pickles, as joblib writes them", async () => {
  const pickle = Buffer.from(calls["protocol 4"], "latin1");
  for (const compress of [gzipSync, deflateSync, zstdCompressSync]) {
    expect(await inspect(compress(pickle))).toEqual(isUnsafe("pickle", "compressed pickle: posix.system"));
  }
  expect(await inspect(gzipSync("text"))).toMatchObject({ format: "other", safety: "unknown" });
  expect(await inspect("\xfd7zXZ\0rest")).toEqual({
    format: "other",
    safety: "unknown",
    findings: ["not examined: compressed with xz"],
  });
});

type Entry = { name: string; content: Buffer; method?: number; encrypted?: boolean };

/** A zip archive of these entries, without checksums. */
function zipOf(...entries: Entry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, method = 0, encrypted = false } of entries) {
    const stored = method === 8 ? deflateRawSync(content) : content;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(Buffer.byteLength(name), 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(encrypted ? 1 : 0, 8);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(stored.length, 20);
    entry.writeUInt32LE(content.length, 24);
    entry.writeUInt16LE(Buffer.byteLength(name), 28);
    entry.writeUInt32LE(offset, 42);
    directory.push(entry, Buffer.from(name));
    parts.push(local, Buffer.from(name), stored);
    offset += 30 + Buffer.byteLength(name) + stored.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, listed, end]);
}

const pickle = Buffer.from(calls["protocol 2"], "latin1");
const tensor = { name: "archive/data/0", content: Buffer.alloc(64) };

test("OK: PyTorch's archive has a pickle, wherever it begins and however it is stored", async () => {
  const archive = zipOf({ name: "archive/data.pkl", content: pickle }, tensor);
  const found = isUnsafe("pytorch", "pickle archive/data.pkl: posix.system");
  expect(await inspect(archive)).toEqual(found);
  expect(await inspect(Buffer.concat([Buffer.from("#!/bin/sh\n"), archive]))).toEqual(found);
  expect(await inspect(zipOf({ name: "x/data.pkl", content: pickle, method: 8 }))).toMatchObject({
    format: "pytorch",
    safety: "unsafe",
  });
  // The name is not what decides.
  expect(await inspect(zipOf({ name: "weights", content: pickle }))).toMatchObject({
    format: "zip",
    safety: "unsafe",
  });
});

test("OK: other archives are not known to be safe, and say what could not be examined", async () => {
  expect(await inspect(zipOf({ name: "config.json", content: Buffer.from("{}"), method: 8 }))).toEqual({
    format: "zip",
    safety: "unknown",
    findings: [],
  });
  expect(await inspect(zipOf({ name: "secret", content: pickle, encrypted: true }))).toEqual({
    format: "zip",
    safety: "unknown",
    findings: ["not examined: secret"],
  });
});

test("OK: what is read of an archive has a bound, also if a small file expands to more", async () => {
  // Valid opcodes that end in none, so that no entry is a pickle by itself.
  const content = Buffer.concat([Buffer.alloc(300_000, "N0"), Buffer.from([0xff])]);
  const entries = Array.from({ length: 40 }, (_, at) => ({ name: `${at}`, content, method: 8 }));
  const { format, findings } = await inspect(zipOf(...entries));
  expect(format).toBe("zip");
  expect(findings.length).toBeGreaterThan(0);
  const zeros = Buffer.concat([
    Buffer.from("X"),
    Buffer.from([0xff, 0xff, 0xff, 0x03]),
    Buffer.alloc(2 ** 26),
  ]);
  const large = Array.from({ length: 8 }, (_, at) => ({ name: `${at}`, content: zeros, method: 8 }));
  expect(await inspect(zipOf(...large))).toEqual({
    format: "zip",
    safety: "unknown",
    findings: ["not examined: later entries"],
  });
});

test("OK: an array of NumPy is a pickle if its elements are objects", async () => {
  const arrayOf = (descr: string, content: string) => {
    const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (1,), }\n`;
    return `\x93NUMPY\x01\x00${String.fromCharCode(header.length)}\x00${header}${content}`;
  };
  expect(await inspect(arrayOf("|O", calls["protocol 2"]))).toEqual(
    isUnsafe("pickle", "pickle: posix.system"),
  );
  expect(await inspect(arrayOf("<f8", "\0".repeat(8)))).toMatchObject({ format: "other", safety: "unknown" });
  const npz = zipOf({ name: "a.npy", content: Buffer.from(arrayOf("|O", calls["protocol 2"]), "latin1") });
  expect(await inspect(npz)).toMatchObject({ format: "zip", safety: "unsafe" });
});

function safetensors(header: object, dataBytes: number): Buffer {
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([size, text, Buffer.alloc(dataBytes)]);
}

test("OK: safetensors and ONNX are data alone, if they are whole", async () => {
  const header = { __metadata__: { format: "pt" }, w: { dtype: "F32", shape: [2], data_offsets: [0, 8] } };
  expect(await inspect(safetensors(header, 8))).toEqual({
    format: "safetensors",
    safety: "safe",
    findings: [],
  });
  expect(await inspect(safetensors(header, 9))).toMatchObject({ format: "other" });
  expect(await inspect(safetensors({ w: 1 }, 8))).toMatchObject({ format: "other" });
  const onnx = "\x08\x08\x12\x04test\x3a\x03\x12\x01g\x42\x04\x0a\x00\x10\x11";
  expect(await inspect(onnx)).toEqual({ format: "onnx", safety: "safe", findings: [] });
  expect(await inspect(onnx.slice(0, -1))).toMatchObject({ format: "other" });
  expect(await inspect("GGUF\x03\0\0\0\0\0\0\0")).toMatchObject({ format: "gguf", safety: "safe" });
  expect(await inspect("\x89HDF\r\n\x1a\n")).toMatchObject({ format: "hdf5", safety: "unknown" });
});

test.each([
  ["nothing", ""],
  ["words", "catboost\nnumpy\nRich\nN.B. this\n"],
  ["JSON", '{"a": [1, 2]}'],
  ["a table", "id,total\n1,2\n"],
  ["zeros", "\0".repeat(100)],
  ["all bytes", String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte))],
])("OK: %s is none of them", async (_name, content) => {
  expect(await inspect(content)).toEqual({ format: "other", safety: "unknown", findings: [] });
});
