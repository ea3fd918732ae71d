/** Properties that all values of one path share: of a field, of array elements, or of the values of a map. */
export type ValueNode = {
  readonly name: string;
  /** The name as it is first written in the file, without quotes. */
  readonly key: Uint8Array;
  /** Bits of `kind`. */
  kinds: number;
  /** Number of the last object with the field; a second time in one object is a duplicate. */
  seenIn: number;
  /** Number of the last object that was counted, and the number of non-null values. */
  countedIn: number;
  valueCount: number;
  wholeDigits: number;
  fractionDigits: number;
  numberFacts: number;
  /** The common `textForm` of all texts; `none` before the first. */
  form: number;
  secondDigits: number;
  yearMin: number;
  yearMax: number;
  /** UTC offset of the first timestamp with one. */
  offset: string | undefined;
  /** In order of appearance. */
  fields: Map<string, ValueNode> | undefined;
  fieldList: ValueNode[];
  /** The merged fields of an object whose keys are data: it has more names than a table has columns. */
  mapped: ValueNode | undefined;
  element: ValueNode | undefined;
};

export const kind = { boolean: 1, number: 2, text: 4, object: 8, array: 16 } as const;

/** Bits of `numberFacts`. */
export const numberFact = {
  hasFraction: 1,
  hasExponent: 2,
  /** An integer outside of 64 bits. */
  isHuge: 4,
  /** A number that differs from the notation of its double. */
  isInexact: 8,
  /** -0.0, which only a double represents. */
  isNegativeZero: 16,
} as const;

export const textForm = {
  none: -1,
  text: 0,
  date: 1,
  time: 2,
  timestamp: 3,
  timestampWithSpace: 4,
  utc: 5,
  utcWithSpace: 6,
  offset: 7,
  offsetWithSpace: 8,
} as const;

export const createNode = (name: string, key: Uint8Array): ValueNode => ({
  name,
  key,
  kinds: 0,
  seenIn: 0,
  countedIn: 0,
  valueCount: 0,
  wholeDigits: 0,
  fractionDigits: 0,
  numberFacts: 0,
  form: textForm.none,
  secondDigits: 0,
  yearMin: 9999,
  yearMax: 0,
  offset: undefined,
  fields: undefined,
  fieldList: [],
  mapped: undefined,
  element: undefined,
});

/** Objects with more names are maps: their keys are data. */
export const fieldsMax = 1000;
/** The same limit at top level, where names are columns. */
export const columnsMax = 20_000;

const noKey = new Uint8Array(0);

export const elementOf = (node: ValueNode): ValueNode => {
  node.element ??= createNode("", noKey);
  return node.element;
};

/** Converts an object into a map by merging its fields. */
export function toMap(node: ValueNode): ValueNode {
  const mapped = createNode("", noKey);
  for (const field of node.fieldList) mergeInto(mapped, field);
  node.mapped = mapped;
  node.fields = undefined;
  node.fieldList = [];
  return mapped;
}

/** Merges the node of another part of the file. */
export function mergeInto(node: ValueNode, other: ValueNode): void {
  node.kinds |= other.kinds;
  node.valueCount += other.valueCount;
  node.wholeDigits = Math.max(node.wholeDigits, other.wholeDigits);
  node.fractionDigits = Math.max(node.fractionDigits, other.fractionDigits);
  node.numberFacts |= other.numberFacts;
  mergeForm(node, other);
  if (other.element) mergeInto(elementOf(node), other.element);
  if (other.mapped) mergeInto(node.mapped ?? toMap(node), other.mapped);
  for (const field of other.fieldList) {
    if (node.mapped) mergeInto(node.mapped, field);
    else mergeInto(fieldOf(node, field.name, field.key), field);
  }
  if (!node.mapped && node.fieldList.length > fieldsMax && node.name !== rowName) toMap(node);
}

/** Name of the root node; no field has it. */
export const rowName = "\0row";

export function fieldOf(node: ValueNode, name: string, key: Uint8Array): ValueNode {
  node.fields ??= new Map();
  const known = node.fields.get(name);
  if (known) return known;
  const field = createNode(name, key);
  node.fields.set(name, field);
  node.fieldList.push(field);
  return field;
}

function mergeForm(node: ValueNode, other: ValueNode): void {
  if (other.form === textForm.none) return;
  if (node.form === textForm.none) node.form = other.form;
  else if (node.form !== other.form) node.form = textForm.text;
  node.secondDigits = Math.max(node.secondDigits, other.secondDigits);
  node.yearMin = Math.min(node.yearMin, other.yearMin);
  node.yearMax = Math.max(node.yearMax, other.yearMax);
  if (node.offset !== undefined && other.offset !== undefined && node.offset !== other.offset) {
    node.form = textForm.text;
  }
  node.offset ??= other.offset;
}
