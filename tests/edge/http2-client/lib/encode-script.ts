import { flags, frameHeadBytes, frameTypes } from "../../../../edge/http2-client/frames.ts";
import type { Block, Fields, Noise, Scenario, ServerResponse } from "./scenario.ts";
import { frameOf } from "./scripted-server.ts";

const priorityType = 2;
const unknownType = 0x42;

/** What the server writes after it has received all requests. */
export type Script = {
  readonly bytes: Buffer;
  readonly pings: number;
  /** For each stream, whether its last frame is included. */
  readonly isEnded: readonly boolean[];
};

type Step = { readonly stream: number; encode(): Buffer; readonly isLast: boolean };

/** A part of a script, and the stream that it ends. */
type Part = { readonly bytes: Buffer; readonly ends?: number };

export function encodeScript({ exchanges, turns, noise, end }: Scenario): Script {
  const encodeBlock = createBlockEncoder();
  const steps = inTurns(
    exchanges.map(([, response], stream) => stepsOf(response, stream, encodeBlock)),
    turns,
  );
  const noiseAt = (at: number) => noise[at % noise.length] ?? [];
  const goawayAt = end.kind === "goaway" ? Math.min(end.step, steps.length - 1) : steps.length;
  const named = end.kind === "goaway" ? Math.min(end.stream, exchanges.length) - 1 : exchanges.length;
  const parts = steps.flatMap((step, at): Part[] => {
    // Streams that are not processed receive no further frames.
    const isDropped = at >= goawayAt && step.stream > named;
    return [
      ...(at === goawayAt ? [{ bytes: goawayFrame(named) }] : []),
      ...noiseAt(at).map((one) => ({ bytes: encodeNoise(one, exchanges.length) })),
      ...(isDropped ? [] : [{ bytes: step.encode(), ...(step.isLast && { ends: step.stream }) }]),
    ];
  });
  const all = Buffer.concat(parts.map(({ bytes }) => bytes));
  const sentBytes = end.kind === "lost" ? cutOf(all, Math.floor(all.byteLength * end.share)) : all.byteLength;
  return {
    bytes: all.subarray(0, sentBytes),
    pings: steps.flatMap((_, at) => noiseAt(at)).filter(({ kind }) => kind === "ping").length,
    isEnded: exchanges.map((_, stream) => endOf(parts, stream) <= sentBytes),
  };
}

/** Offset behind the last frame of a stream. */
function endOf(parts: readonly Part[], stream: number): number {
  const at = parts.findIndex(({ ends }) => ends === stream);
  if (at < 0) return Number.POSITIVE_INFINITY;
  return parts.slice(0, at + 1).reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
}

/** Merges the steps of all streams in the given order. */
function inTurns(left: Step[][], turns: readonly number[]): Step[] {
  const steps: Step[] = [];
  for (let turn = 0; left.some(({ length }) => length > 0); turn += 1) {
    const wanted = left[(turns[turn % turns.length] ?? 0) % left.length];
    const next = (wanted?.length ? wanted : left.find(({ length }) => length > 0))?.shift();
    if (next) steps.push(next);
  }
  return steps;
}

/** `named` is the last stream that is processed; -1 for none. */
const goawayFrame = (named: number): Buffer =>
  frameOf(frameTypes.goaway, 0, 0, Buffer.from([0, 0, 0, named < 0 ? 0 : idOf(named), 0, 0, 0, 0]));

/** Cuts before a frame or within its head. Node delivers the start of a truncated DATA frame, which a client need not do. */
function cutOf(bytes: Buffer, at: number): number {
  let start = 0;
  for (;;) {
    const end = start + frameHeadBytes + (start < bytes.byteLength ? bytes.readUIntBE(start, 3) : 0);
    if (end > at) return Math.min(at, start + frameHeadBytes - 1);
    start = end;
  }
}

export const idOf = (stream: number): number => 1 + 2 * stream;

function stepsOf(
  { informational, head, data, trailers, reset }: ServerResponse,
  stream: number,
  encodeBlock: (id: number, block: Block, endsStream: boolean) => Buffer,
): Step[] {
  const id = idOf(stream);
  const blockStep = (block: Block, isLast: boolean): Step => ({
    stream,
    isLast,
    encode: () => encodeBlock(id, block, isLast),
  });
  const all: Step[] = [
    ...informational.map((block) => blockStep(block, false)),
    blockStep(head, data.length === 0 && !trailers),
    ...data.map(({ bytes, paddingBytes }, at): Step => {
      const isLast = !trailers && at === data.length - 1;
      const content = Buffer.alloc(bytes, 97 + ((at + stream) % 26));
      const flagBits = (isLast ? flags.endStream : 0) | (paddingBytes === undefined ? 0 : flags.padded);
      return {
        stream,
        isLast,
        encode: () => frameOf(frameTypes.data, flagBits, id, padded(content, paddingBytes)),
      };
    }),
    ...(trailers ? [blockStep(trailers, true)] : []),
  ];
  if (!reset || reset.step >= all.length) return all;
  const code = Buffer.from([0, 0, 0, reset.code]);
  const last: Step = { stream, isLast: true, encode: () => frameOf(frameTypes.rstStream, 0, id, code) };
  return [...all.slice(0, reset.step), last];
}

const padded = (content: Buffer, paddingBytes: number | undefined): Buffer =>
  paddingBytes === undefined
    ? content
    : Buffer.concat([Buffer.of(paddingBytes), content, Buffer.alloc(paddingBytes)]);

function encodeNoise(noise: Noise, streams: number): Buffer {
  const id = "stream" in noise ? idOf(noise.stream % streams) : 0;
  switch (noise.kind) {
    case "ping":
      return frameOf(frameTypes.ping, 0, 0, Buffer.from("12345678"));
    case "settings":
      return windowSettings(noise.window);
    case "priority":
      return frameOf(priorityType, 0, id, "00000000 10");
    case "unknown":
    case "unknown of a stream":
      return frameOf(unknownType, 0xff, id, Buffer.from("whatever"));
    default:
      return frameOf(frameTypes.windowUpdate, 0, id, "00000001");
  }
}

/** SETTINGS_INITIAL_WINDOW_SIZE, and an unknown setting. */
export function windowSettings(window: number): Buffer {
  const payload = Buffer.alloc(12);
  payload.writeUInt16BE(4, 0);
  payload.writeUInt32BE(window, 2);
  payload.writeUInt16BE(0xfafa, 6);
  return frameOf(frameTypes.settings, 0, 0, payload);
}

const literals = { indexed: 0x40, plain: 0x00, "never indexed": 0x10 } as const;
const staticEntries = 61;

/** No scenario fills the dynamic table, so that entries are never evicted. */
function createBlockEncoder() {
  const table: string[] = [];
  const encodeFields = (fields: Fields, { forms, tableBytes }: Block["form"]): Buffer => {
    const parts: Buffer[] = [];
    if (tableBytes !== undefined) {
      // A size of 0 in between evicts all entries.
      parts.push(Buffer.of(0x20), integer(0x20, 5, Math.max(tableBytes, 4096)));
      table.length = 0;
    }
    for (const [at, [name, value]] of fields.entries()) {
      const { kind, usesTable } = forms[at % forms.length] ?? { kind: "plain", usesTable: false };
      const known = table.lastIndexOf(`${name}\0${value}`);
      if (usesTable && known >= 0) {
        parts.push(integer(0x80, 7, staticEntries + table.length - known));
        continue;
      }
      parts.push(Buffer.of(literals[kind]), text(name), text(value));
      if (kind === "indexed") table.push(`${name}\0${value}`);
    }
    return Buffer.concat(parts);
  };
  return (id: number, { fields, form }: Block, endsStream: boolean): Buffer => {
    const whole = encodeFields(fields, form);
    const fragments: Buffer[] = [];
    let at = 0;
    for (const bytes of form.fragments) {
      fragments.push(whole.subarray(at, at + bytes));
      at = Math.min(whole.byteLength, at + bytes);
    }
    fragments.push(whole.subarray(at));
    const [first = Buffer.alloc(0), ...rest] = fragments;
    const { hasPriority, paddingBytes } = form;
    const flagBits =
      (endsStream ? flags.endStream : 0) |
      (hasPriority ? flags.priority : 0) |
      (paddingBytes === undefined ? 0 : flags.padded) |
      (rest.length === 0 ? flags.endHeaders : 0);
    const content = hasPriority ? Buffer.concat([Buffer.from("0000000010", "hex"), first]) : first;
    return Buffer.concat([
      frameOf(frameTypes.headers, flagBits, id, padded(content, paddingBytes)),
      ...rest.map((fragment, index) =>
        frameOf(frameTypes.continuation, index === rest.length - 1 ? flags.endHeaders : 0, id, fragment),
      ),
    ]);
  };
}

const text = (value: string): Buffer =>
  Buffer.concat([integer(0, 7, value.length), Buffer.from(value, "latin1")]);

function integer(first: number, prefixBits: number, value: number): Buffer {
  const mask = (1 << prefixBits) - 1;
  if (value < mask) return Buffer.of(first | value);
  const bytes = [first | mask];
  let rest = value - mask;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}
