// Addresses in the module's memory of the tables that the host writes and reads.

/** Equivalence class (u8) of each byte. */
export let classes: usize = 0;
/** Next state (u16) by state + class; states are multiples of `stride`. */
export let next: usize = 0;
export let stride: u32 = 0;
export let startState: u32 = 0;
/** Form (u8) by state number. */
export let accepted: usize = 0;
/** Kind (u8) and flags (u8) by form. */
export let kinds: usize = 0;
export let flags: usize = 0;
/** Fields of the current row: start and end (u32), and form (i32). */
export let fields: usize = 0;
/** Number of values (u32) by column * formCount + form. */
export let counts: usize = 0;
export let facts: usize = 0;
export let nullCounts: usize = 0;
export let emptyCounts: usize = 0;
/** First UTC offset of each column: up to 7 bytes and their number. */
export let offsets: usize = 0;
export let columnCount: u32 = 0;
export let formCount: u32 = 0;
export let delimiter: u32 = 0;
/** 256 for none. */
export let quote: u32 = 256;
export let decimalMark: u32 = 0;

/** Forms that are recognized without the automaton; 0 if there is no such form. */
export let integerForm: i32 = 0;
export let decimalForm: i32 = 0;
export let paddedForm: i32 = 0;
export let dateForm: i32 = 0;
export let timestampForm: i32 = 0;
export let isoTimestampForm: i32 = 0;

/** Sets the variables above from an array of 32-bit numbers in the same order. */
export function configure(at: usize): void {
  classes = load<u32>(at, 0);
  next = load<u32>(at, 4);
  stride = load<u32>(at, 8);
  startState = load<u32>(at, 12);
  accepted = load<u32>(at, 16);
  kinds = load<u32>(at, 20);
  flags = load<u32>(at, 24);
  fields = load<u32>(at, 28);
  counts = load<u32>(at, 32);
  facts = load<u32>(at, 36);
  nullCounts = load<u32>(at, 40);
  emptyCounts = load<u32>(at, 44);
  offsets = load<u32>(at, 48);
  columnCount = load<u32>(at, 52);
  formCount = load<u32>(at, 56);
  delimiter = load<u32>(at, 60);
  quote = load<u32>(at, 64);
  decimalMark = load<u32>(at, 68);
  integerForm = load<i32>(at, 72);
  decimalForm = load<i32>(at, 76);
  paddedForm = load<i32>(at, 80);
  dateForm = load<i32>(at, 84);
  timestampForm = load<i32>(at, 88);
  isoTimestampForm = load<i32>(at, 92);
}
