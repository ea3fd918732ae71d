/** Numbers from 0 to below 1 that are the same for the same seed. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Bend = (content: Buffer, place: (below: number) => number) => Buffer;

/** Two places in order, not far from each other. */
function span(content: Buffer, place: (below: number) => number): [number, number] {
  const from = place(content.length);
  return [from, Math.min(content.length, from + 1 + place(64))];
}

const bends: readonly Bend[] = [
  function flipBit(content, place) {
    const bent = Buffer.from(content);
    const at = place(bent.length);
    bent[at] = (bent[at] ?? 0) ^ (1 << place(8));
    return bent;
  },
  function cut(content, place) {
    return content.subarray(0, place(content.length));
  },
  function drop(content, place) {
    const [from, to] = span(content, place);
    return Buffer.concat([content.subarray(0, from), content.subarray(to)]);
  },
  function duplicate(content, place) {
    const [from, to] = span(content, place);
    return Buffer.concat([content.subarray(0, to), content.subarray(from)]);
  },
  function swap(content, place) {
    const [from, middle] = span(content, place);
    const to = Math.min(content.length, middle + 1 + place(64));
    const parts = [
      [0, from],
      [middle, to],
      [from, middle],
      [to, content.length],
    ] as const;
    return Buffer.concat(parts.map(([start, end]) => content.subarray(start, end)));
  },
  function insert(content, place) {
    const at = place(content.length);
    const odd = [0, 0x0a, 0x0d, 0x22, 0x27, 0x2c, 0x5b, 0x5c, 0x7b, 0x80, 0xff];
    return Buffer.concat([
      content.subarray(0, at),
      Buffer.from([odd[place(odd.length)] ?? 0]),
      content.subarray(at),
    ]);
  },
];

/** Damages a file at one to three places. Answers how, too. */
export function bend(content: Buffer, random: () => number): { bent: Buffer; how: string } {
  const place = (below: number) => Math.floor(random() * Math.max(1, below));
  const chosen = Array.from({ length: 1 + place(3) }, () => bends[place(bends.length)] as Bend);
  return {
    bent: chosen.reduce((bent, change) => change(bent, place), content),
    how: chosen.map(({ name }) => name).join(", "),
  };
}
