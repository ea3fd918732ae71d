/** Bytes that can be read at any position. */
export type ByteSource = {
  readonly sizeBytes: number;
  /** The bytes from `start` to `end`, or fewer at the end of the source. */
  read(start: number, end: number): Promise<Uint8Array>;
};

/** Reads bytes in order. Every function returns undefined, or stops, where the bytes end. */
export type ByteCursor = {
  byte(): Promise<number | undefined>;
  take(count: number): Promise<Uint8Array | undefined>;
  /** The bytes up to the next line feed, which is consumed; undefined if it does not come within `maxBytes`. */
  line(maxBytes: number): Promise<Uint8Array | undefined>;
  /** Returns whether there were so many bytes. */
  skip(count: number): Promise<boolean>;
  /** Whether all bytes are consumed. */
  atEnd(): Promise<boolean>;
};

const chunkBytes = 256 * 1024;
const lineFeed = 0x0a;

/** A part of a source. */
export const sliceOf = (source: ByteSource, offset: number, sizeBytes: number): ByteSource => ({
  sizeBytes,
  read: (start, end) => source.read(offset + start, offset + Math.min(end, sizeBytes)),
});

/** Reads a source chunk by chunk. Bytes that are skipped are not read. */
export function cursorOf(source: ByteSource): ByteCursor {
  let position = 0;
  let chunk: Uint8Array = new Uint8Array();
  let at = 0;
  const fill = async (): Promise<boolean> => {
    chunk = await source.read(position, Math.min(position + chunkBytes, source.sizeBytes));
    at = 0;
    position += chunk.length;
    return chunk.length > 0;
  };
  const left = () => chunk.length - at;
  return cursor({
    fill,
    left,
    chunk: () => chunk.subarray(at),
    advance(count) {
      at += count;
    },
    async jump(count) {
      const target = position - left() + count;
      position = Math.min(target, source.sizeBytes);
      chunk = new Uint8Array();
      at = 0;
      return target <= source.sizeBytes;
    },
  });
}

/** Reads a stream of chunks, of which at most `maxBytes` are read: it ends there. */
export function cursorOfStream(chunks: AsyncIterable<Uint8Array>, maxBytes: number): ByteCursor {
  const iterator = chunks[Symbol.asyncIterator]();
  let chunk: Uint8Array = new Uint8Array();
  let at = 0;
  let readBytes = 0;
  const fill = async (): Promise<boolean> => {
    if (readBytes >= maxBytes) return false;
    // Damaged input ends like complete input.
    const next = await iterator.next().catch(() => undefined);
    if (!next || next.done) return false;
    chunk = next.value;
    at = 0;
    readBytes += chunk.length;
    return true;
  };
  const left = () => chunk.length - at;
  return cursor({
    fill,
    left,
    chunk: () => chunk.subarray(at),
    advance(count) {
      at += count;
    },
    async jump(count) {
      let rest = count;
      while (rest > left()) {
        rest -= left();
        at = chunk.length;
        if (!(await fill())) return false;
      }
      at += rest;
      return true;
    },
  });
}

type Buffered = {
  /** Replaces the consumed chunk by the next one. Returns false at the end. */
  fill(): Promise<boolean>;
  left(): number;
  chunk(): Uint8Array;
  advance(count: number): void;
  jump(count: number): Promise<boolean>;
};

function cursor(buffered: Buffered): ByteCursor {
  const { fill, left, chunk, advance, jump } = buffered;
  const hasMore = async () => {
    while (left() === 0) if (!(await fill())) return false;
    return true;
  };
  const gather = async (count: number): Promise<Uint8Array | undefined> => {
    const parts: Uint8Array[] = [];
    for (let missing = count; missing > 0; ) {
      if (!(await hasMore())) return undefined;
      const part = chunk().subarray(0, missing);
      parts.push(part);
      advance(part.length);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  };
  return {
    async byte() {
      if (left() === 0 && !(await hasMore())) return undefined;
      const [value] = chunk();
      advance(1);
      return value;
    },
    take: gather,
    async skip(count) {
      if (count > left()) return jump(count);
      advance(count);
      return true;
    },
    atEnd: async () => !(await hasMore()),
    async line(maxBytes) {
      const parts: Uint8Array[] = [];
      for (let length = 0; length <= maxBytes; ) {
        if (!(await hasMore())) return undefined;
        const end = chunk().indexOf(lineFeed);
        const part = chunk().subarray(0, end < 0 ? undefined : end);
        parts.push(part);
        length += part.length;
        advance(end < 0 ? part.length : part.length + 1);
        if (end >= 0) return Buffer.concat(parts);
      }
      return undefined;
    },
  };
}
