import { z } from "zod";
import type { ByteSource } from "./byte-source.ts";
import { cursorOf } from "./byte-source.ts";

/** Longer headers are not parsed: the format allows 100 MB, but those of the largest models have a few. */
const safetensorsHeaderMax = 8_000_000;

const safetensorsHeader = z.record(
  z.string(),
  z.union([
    z.object({
      dtype: z.string(),
      shape: z.array(z.number().int().nonnegative()),
      data_offsets: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]),
    }),
    z.record(z.string(), z.string()),
  ]),
);

/** Whether a source is a whole safetensors file: a header in JSON that describes all its bytes. */
export async function isSafetensors(source: ByteSource): Promise<boolean> {
  if (source.sizeBytes < 10) return false;
  const headerBytes = Number(Buffer.from(await source.read(0, 8)).readBigUInt64LE(0));
  if (headerBytes < 2 || headerBytes > Math.min(safetensorsHeaderMax, source.sizeBytes - 8)) return false;
  const text = Buffer.from(await source.read(8, 9)).toString();
  if (text !== "{") return false;
  const header = parseHeader(Buffer.from(await source.read(8, 8 + headerBytes)).toString());
  if (!header) return false;
  const ends = Object.entries(header).map(([name, tensor]) =>
    name !== "__metadata__" && "data_offsets" in tensor ? Number(tensor.data_offsets[1]) : 0,
  );
  return 8 + headerBytes + ends.reduce((most, end) => Math.max(most, end), 0) === source.sizeBytes;
}

function parseHeader(text: string) {
  try {
    return safetensorsHeader.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Wire types of the fields of onnx.ModelProto. */
const onnxFields: ReadonlyMap<number, number> = new Map([
  [1, 0],
  [2, 2],
  [3, 2],
  [4, 2],
  [5, 0],
  [6, 2],
  [7, 2],
  [8, 2],
  [14, 2],
  [20, 2],
  [25, 2],
  [26, 2],
]);
const graphField = 7;
const versionField = 1;
const onnxFieldsMax = 100_000;

/** Whether a source is a whole onnx.ModelProto with a version and a graph. */
export async function isOnnx(source: ByteSource): Promise<boolean> {
  const cursor = cursorOf(source);
  const seen = new Set<number>();
  for (let count = 0; count < onnxFieldsMax; count += 1) {
    if (await cursor.atEnd()) return seen.has(versionField) && seen.has(graphField);
    const tag = await readVarint(cursor);
    const field = Math.floor((tag ?? 0) / 8);
    if (tag === undefined || onnxFields.get(field) !== tag % 8) return false;
    const value = await readVarint(cursor);
    if (value === undefined) return false;
    if (tag % 8 === 2 && !(await cursor.skip(value))) return false;
    seen.add(field);
  }
  return false;
}

async function readVarint(cursor: ReturnType<typeof cursorOf>): Promise<number | undefined> {
  let value = 0;
  for (let shift = 0; shift < 10; shift += 1) {
    const byte = await cursor.byte();
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 128 ** shift;
    if (byte < 0x80) return value;
  }
  return undefined;
}
