import fc from "fast-check";

export type Fields = readonly (readonly [name: string, value: string])[];

/** Representation of a header field. `usesTable` prefers an index of the dynamic table, if there is an entry. */
type FieldForm = {
  readonly kind: "indexed" | "plain" | "never indexed";
  readonly usesTable: boolean;
};

/** Encoding of a header block. */
type BlockForm = {
  readonly forms: readonly FieldForm[];
  /** Sizes of the fragments; the last CONTINUATION frame has the rest. */
  readonly fragments: readonly number[];
  readonly paddingBytes: number | undefined;
  readonly hasPriority: boolean;
  /** A dynamic table size update at the start of the block. */
  readonly tableBytes: number | undefined;
};

export type Block = { readonly fields: Fields; readonly form: BlockForm };

type DataFrame = { readonly bytes: number; readonly paddingBytes: number | undefined };

/** The frames of one stream. */
export type ServerResponse = {
  readonly informational: readonly Block[];
  readonly head: Block;
  readonly data: readonly DataFrame[];
  /** Without trailers, the last DATA frame or the headers end the stream. */
  readonly trailers: Block | undefined;
  /** Sends RST_STREAM in place of this step and of all later ones. */
  readonly reset: { readonly step: number; readonly code: number } | undefined;
};

/** A frame that has no effect on the responses. */
export type Noise =
  | { readonly kind: "ping" | "unknown" | "connection window" }
  | { readonly kind: "settings"; readonly window: number }
  | { readonly kind: "priority" | "unknown of a stream" | "stream window"; readonly stream: number };

export type Request = { readonly fields: Fields; readonly chunks: readonly number[] };

export type Scenario = {
  /** SETTINGS_INITIAL_WINDOW_SIZE: at the start, and after the first request. */
  readonly windows: readonly [number, number];
  /** Whether the client waits for the first SETTINGS before its requests. */
  readonly waits: boolean;
  readonly exchanges: readonly (readonly [Request, ServerResponse])[];
  /** Order of the streams' steps; a stream without further steps is skipped. */
  readonly turns: readonly number[];
  /** Frames before each step, cyclic. */
  readonly noise: readonly (readonly Noise[])[];
  /** Sizes of the writes to the socket, cyclic. */
  readonly writes: readonly number[];
  readonly end:
    | { readonly kind: "none" }
    /** GOAWAY before a step; later streams than the named one are not processed. */
    | { readonly kind: "goaway"; readonly step: number; readonly stream: number }
    /** Closes the connection after a share of the bytes. */
    | { readonly kind: "lost"; readonly share: number };
};

/** Streams of a scenario, at most. */
const streamsMax = 3;

const name = fc.constantFrom("x-a", "x-b", "x-c-with-a-longer-name", "x-bin", "grpc-status", "content-type");
const value = fc
  .string({ unit: fc.constantFrom(..."abcXYZ019 ,;=%\xe4\xff"), maxLength: 40 })
  .map((text) => text.trim());
const fieldsOf = (maxLength: number) => fc.array(fc.tuple(name, value), { maxLength });

const padding = fc.option(fc.integer({ min: 0, max: 255 }), { nil: undefined });
const blockForm: fc.Arbitrary<BlockForm> = fc.record({
  forms: fc.array(
    fc.record({
      kind: fc.constantFrom("indexed" as const, "plain" as const, "never indexed" as const),
      usesTable: fc.boolean(),
    }),
    { minLength: 1, maxLength: 6 },
  ),
  // nghttp2 accepts at most eight CONTINUATION frames.
  fragments: fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 5 }),
  paddingBytes: padding,
  hasPriority: fc.boolean(),
  tableBytes: fc.option(fc.constantFrom(0, 100, 4096), { nil: undefined }),
});

const block = (fields: fc.Arbitrary<Fields>): fc.Arbitrary<Block> => fc.record({ fields, form: blockForm });
const withStatus = (...statuses: string[]) =>
  fc
    .tuple(fc.constantFrom(...statuses), fieldsOf(5))
    .map(([status, fields]): Fields => [[":status", status], ...fields]);

const response: fc.Arbitrary<ServerResponse> = fc.record({
  informational: fc.array(block(withStatus("100", "103")), { maxLength: 2 }),
  head: block(withStatus("200", "201", "404", "503")),
  data: fc.array(fc.record({ bytes: fc.integer({ min: 0, max: 3_000 }), paddingBytes: padding }), {
    maxLength: 5,
  }),
  trailers: fc.option(block(fieldsOf(4)), { nil: undefined }),
  reset: fc.option(
    fc.record({ step: fc.integer({ min: 0, max: 8 }), code: fc.constantFrom(0, 1, 2, 7, 8, 11) }),
    { nil: undefined, freq: 3 },
  ),
});

const stream = fc.integer({ min: 0, max: streamsMax - 1 });
const noise: fc.Arbitrary<Noise> = fc.oneof(
  fc.record({ kind: fc.constantFrom("ping" as const, "unknown" as const, "connection window" as const) }),
  fc.record({ kind: fc.constant("settings" as const), window: fc.integer({ min: 1, max: 70_000 }) }),
  fc.record({
    kind: fc.constantFrom("priority" as const, "unknown of a stream" as const, "stream window" as const),
    stream,
  }),
);

/** Bounded, because nghttp2 closes a connection with too many unsent acknowledgements. */
const flood = fc.constant(Array.from({ length: 40 }, (): Noise => ({ kind: "ping" })));

const request: fc.Arbitrary<Request> = fc.record({
  fields: fieldsOf(4),
  chunks: fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 4 }),
});

const window = fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1_000, max: 100_000 }));

export const scenario: fc.Arbitrary<Scenario> = fc.record({
  windows: fc.tuple(window, window),
  waits: fc.boolean(),
  exchanges: fc.array(fc.tuple(request, response), { minLength: 1, maxLength: streamsMax }),
  turns: fc.array(stream, { minLength: 1, maxLength: 20 }),
  noise: fc.array(fc.oneof({ weight: 9, arbitrary: fc.array(noise, { maxLength: 3 }) }, flood), {
    minLength: 1,
    maxLength: 8,
  }),
  writes: fc.array(fc.integer({ min: 1, max: 2_000 }), { minLength: 1, maxLength: 12 }),
  end: fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("none" as const) }) },
    fc.record({ kind: fc.constant("goaway" as const), step: fc.integer({ min: 0, max: 12 }), stream }),
    fc.record({ kind: fc.constant("lost" as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
  ),
});
