/** What stands at one place of the rows: a field, what is in a list, or the values of a map. */
export type ValueNode = {
  readonly name: string;
  /** The name as it is first written in the file, between its quotes. */
  readonly key: Uint8Array;
  /** Bits of `kind`. */
  kinds: number;
  /** Number of the object that had the field last: twice in one is a duplicate. */
  seenIn: number;
  /** Number of the object in which it was counted last, and how many had a value other than null. */
  countedIn: number;
  valueCount: number;
  wholeDigits: number;
  fractionDigits: number;
  numberFacts: number;
  /** One of `textForm`: of all texts, or `none` before the first one. */
  form: number;
  secondDigits: number;
  yearMin: number;
  yearMax: number;
  /** Offset of the first timestamp that has one. */
  offset: string | undefined;
  /** By name, in the order in which they first came. */
  fields: Map<string, ValueNode> | undefined;
  fieldList: ValueNode[];
  /** More names than a table has columns: what any of them has. */
  mapped: ValueNode | undefined;
  element: ValueNode | undefined;
};

export const kind = { boolean: 1, number: 2, text: 4, object: 8, array: 16 } as const;

/** Bits of `numberFacts`. */
export const numberFact = {
  hasFraction: 1,
  hasExponent: 2,
  /** An integer that 64 bits have no room for. */
  isHuge: 4,
  /** A number that is not what its double is written as. */
  isNoDouble: 8,
  /** -0.0, whose sign only a double keeps. */
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

/** Names of one object that are columns or fields of their own; where there are more, they are data. */
export const fieldsMax = 1000;
/** And at top level, where each is a column. */
export const columnsMax = 20_000;

const noKey = new Uint8Array(0);

export const elementOf = (node: ValueNode): ValueNode => {
  node.element ??= createNode("", noKey);
  return node.element;
};

/** From now on its names are data: what was found of each is put together. */
export function toMap(node: ValueNode): ValueNode {
  const mapped = createNode("", noKey);
  for (const field of node.fieldList) mergeInto(mapped, field);
  node.mapped = mapped;
  node.fields = undefined;
  node.fieldList = [];
  return mapped;
}

/** Adds what another part of the file has at the same place. */
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

/** Name of the node of the rows themselves; no field is looked up by it. */
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
