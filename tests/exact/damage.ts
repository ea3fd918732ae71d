/** A pseudorandom generator of numbers from 0 to 1, exclusive. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Damage = (content: Buffer, randomBelow: (limit: number) => number) => Buffer;

/** A short random span. */
function span(content: Buffer, randomBelow: (limit: number) => number): [number, number] {
  const from = randomBelow(content.length);
  return [from, Math.min(content.length, from + 1 + randomBelow(64))];
}

const damages: readonly Damage[] = [
  function flipBit(content, randomBelow) {
    const damaged = Buffer.from(content);
    const at = randomBelow(damaged.length);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << randomBelow(8));
    return damaged;
  },
  function cut(content, randomBelow) {
    return content.subarray(0, randomBelow(content.length));
  },
  function drop(content, randomBelow) {
    const [from, to] = span(content, randomBelow);
    return Buffer.concat([content.subarray(0, from), content.subarray(to)]);
  },
  function duplicate(content, randomBelow) {
    const [from, to] = span(content, randomBelow);
    return Buffer.concat([content.subarray(0, to), content.subarray(from)]);
  },
  function swap(content, randomBelow) {
    const [from, middle] = span(content, randomBelow);
    const to = Math.min(content.length, middle + 1 + randomBelow(64));
    const parts = [
      [0, from],
      [middle, to],
      [from, middle],
      [to, content.length],
    ] as const;
    return Buffer.concat(parts.map(([start, end]) => content.subarray(start, end)));
  },
  function insert(content, randomBelow) {
    const at = randomBelow(content.length);
    const odd = [0, 0x0a, 0x0d, 0x22, 0x27, 0x2c, 0x5b, 0x5c, 0x7b, 0x80, 0xff];
    return Buffer.concat([
      content.subarray(0, at),
      Buffer.from([odd[randomBelow(odd.length)] ?? 0]),
      content.subarray(at),
    ]);
  },
];

/** Applies one to three random damages to a file and describes them. */
export function damage(content: Buffer, random: () => number): { damaged: Buffer; how: string } {
  const randomBelow = (limit: number) => Math.floor(random() * Math.max(1, limit));
  const chosen = Array.from(
    { length: 1 + randomBelow(3) },
    () => damages[randomBelow(damages.length)] as Damage,
  );
  return {
    damaged: chosen.reduce((damaged, change) => change(damaged, randomBelow), content),
    how: chosen.map(({ name }) => name).join(", "),
  };
}
