/** A DFA that classifies a text by pattern with one lookup per byte. */
export type Automaton = {
  /** Equivalence class of each byte. */
  readonly classes: Uint8Array;
  /** Next state by `state + class`. States are multiples of `stride`. */
  readonly next: Uint16Array;
  readonly stride: number;
  readonly start: number;
  /** Matched pattern by final state (`state / stride`); 0 for none. */
  readonly accepted: Uint8Array;
};

/** An NFA state: edges by a set of bytes, and free transitions. */
type Node = {
  readonly edges: { readonly bytes: ReadonlySet<number>; readonly to: number }[];
  readonly free: number[];
};

const bytesInAll = 256;

/**
 * Compiles patterns into one DFA. The syntax: ASCII literals, `\x` for a literal `x`, classes such as `[0-9]`, groups, `|`,
 * and the quantifiers `?`, `*`, `+`, `{n}`, `{n,m}`. The empty pattern matches nothing. Throws if a text could match two
 * patterns.
 */
export function compile(patterns: readonly string[]): Automaton {
  const nodes: Node[] = [];
  const ends = new Map<number, number>();
  const start = addNode(nodes);
  patterns.forEach((pattern, index) => {
    if (pattern === "") return;
    const parser = createParser(pattern, nodes);
    const { from, to } = parser.alternatives();
    nodes[start]?.free.push(from);
    ends.set(to, index);
  });
  return toTable(nodes, start, ends);
}

function addNode(nodes: Node[]): number {
  nodes.push({ edges: [], free: [] });
  return nodes.length - 1;
}

type Fragment = { readonly from: number; readonly to: number };

function createParser(pattern: string, nodes: Node[]) {
  let at = 0;
  const peek = () => pattern[at];
  const free = (from: number, to: number) => nodes[from]?.free.push(to);

  function edge(bytes: ReadonlySet<number>): Fragment {
    const [from, to] = [addNode(nodes), addNode(nodes)];
    nodes[from]?.edges.push({ bytes, to });
    return { from, to };
  }

  function alternatives(): Fragment {
    const [from, to] = [addNode(nodes), addNode(nodes)];
    for (;;) {
      const one = sequence();
      free(from, one.from);
      free(one.to, to);
      if (peek() !== "|") return { from, to };
      at += 1;
    }
  }

  function sequence(): Fragment {
    const from = addNode(nodes);
    let to = from;
    while (at < pattern.length && peek() !== "|" && peek() !== ")") {
      const one = repeated();
      free(to, one.from);
      to = one.to;
    }
    return { from, to };
  }

  function repeated(): Fragment {
    const begin = at;
    let one = atom();
    const end = at;
    const { min, max } = repetition();
    const from = addNode(nodes);
    let to = from;
    for (let count = 0; count < (max ?? Math.max(1, min)); count += 1) {
      if (count > 0) one = again(begin, end);
      free(to, one.from);
      if (count >= min) free(to, one.to);
      to = one.to;
    }
    if (max === undefined) free(to, one.from);
    return { from, to };
  }

  /** Parses the atom again, because a repetition needs nodes of its own. */
  function again(begin: number, end: number): Fragment {
    const after = at;
    at = begin;
    const one = atom();
    if (at !== end) throw new Error(`${pattern}: an atom was read otherwise`);
    at = after;
    return one;
  }

  function repetition(): { min: number; max: number | undefined } {
    const sign = peek();
    const known = {
      "?": { min: 0, max: 1 },
      "*": { min: 0, max: undefined },
      "+": { min: 1, max: undefined },
    };
    if (sign === "?" || sign === "*" || sign === "+") {
      at += 1;
      return known[sign];
    }
    const braces = /^\{(\d+)(?:,(\d+))?\}/.exec(pattern.slice(at));
    if (!braces) return { min: 1, max: 1 };
    at += braces[0].length;
    return { min: Number(braces[1]), max: Number(braces[2] ?? braces[1]) };
  }

  function atom(): Fragment {
    const character = pattern[at] ?? "";
    at += 1;
    if (character === "(") {
      const group = alternatives();
      at += 1;
      return group;
    }
    if (character === "[") return edge(bracket());
    if (character === "\\") return literal(pattern[at++] ?? "");
    return literal(character);
  }

  /** Non-ASCII characters have several bytes. */
  function literal(character: string): Fragment {
    const from = addNode(nodes);
    let to = from;
    for (const byte of Buffer.from(character)) {
      const one = edge(new Set([byte]));
      free(to, one.from);
      to = one.to;
    }
    return { from, to };
  }

  function bracket(): Set<number> {
    const bytes = new Set<number>();
    while (peek() !== "]") {
      const first = pattern.charCodeAt(at);
      const isRange = pattern[at + 1] === "-" && pattern[at + 2] !== "]";
      const last = isRange ? pattern.charCodeAt(at + 2) : first;
      for (let byte = first; byte <= last; byte += 1) bytes.add(byte);
      at += isRange ? 3 : 1;
    }
    at += 1;
    return bytes;
  }

  return { alternatives };
}

function toTable(nodes: readonly Node[], start: number, ends: ReadonlyMap<number, number>): Automaton {
  const { classes, samples } = classify(nodes);
  const stride = samples.length;
  const numbers = new Map<string, number>();
  const states: number[][] = [];
  const stateOf = (found: number[]): number => {
    const key = found.join();
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, states.length);
    states.push(found);
    return states.length - 1;
  };
  // State 0 is the dead state.
  stateOf([]);
  const first = stateOf(closure(nodes, [start]));
  const next: number[] = [];
  for (let state = 0; state < states.length; state += 1) {
    for (const byte of samples)
      next.push(stateOf(closure(nodes, step(nodes, states[state] ?? [], byte))) * stride);
  }
  if (next.length > 0xffff) throw new Error("the patterns need too many states");
  return {
    classes,
    next: Uint16Array.from(next),
    stride,
    start: first * stride,
    accepted: Uint8Array.from(states, (found) => acceptedBy(found, ends)),
  };
}

function acceptedBy(state: readonly number[], ends: ReadonlyMap<number, number>): number {
  const found = new Set(state.map((node) => ends.get(node)).filter((index) => index !== undefined));
  if (found.size > 1) throw new Error(`a text can be two patterns: ${[...found].join(", ")}`);
  return [...found][0] ?? 0;
}

/** Bytes that no edge distinguishes form one class; `samples` has one byte per class. */
function classify(nodes: readonly Node[]): { classes: Uint8Array; samples: number[] } {
  const sets = [...new Set(nodes.flatMap(({ edges }) => edges.map(({ bytes }) => bytes)))];
  const classes = new Uint8Array(bytesInAll);
  const samples: number[] = [];
  const known = new Map<string, number>();
  for (let byte = 0; byte < bytesInAll; byte += 1) {
    const key = sets.map((bytes) => (bytes.has(byte) ? "1" : "0")).join("");
    if (!known.has(key)) known.set(key, samples.push(byte) - 1);
    classes[byte] = known.get(key) ?? 0;
  }
  return { classes, samples };
}

const step = (nodes: readonly Node[], state: readonly number[], byte: number): number[] =>
  state.flatMap((node) =>
    (nodes[node]?.edges ?? []).filter(({ bytes }) => bytes.has(byte)).map(({ to }) => to),
  );

function closure(nodes: readonly Node[], from: readonly number[]): number[] {
  const found = new Set(from);
  for (const node of found) for (const to of nodes[node]?.free ?? []) found.add(to);
  return [...found].sort((left, right) => left - right);
}
