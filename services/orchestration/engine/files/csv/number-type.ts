import type { ReadingSettings } from "../../reading-settings.ts";
import { type ColumnType, castOf, plainNumber, toDouble, toFloat } from "../columns/conversion.ts";
import { fact } from "./tally.ts";

/** The facts of a column by their ids in `fact`. */
export type Facts = (id: number) => number;

/** Precision of decimals of 64 bits, and the maximum. */
const decimalDigits = 18;
const decimalDigitsMax = 38;
/** Significant digits of the notation of a double. */
const doubleDigitsMax = 17;

export function numberType(facts: Facts, hasFractions: boolean, settings: ReadingSettings): ColumnType {
  const toPlain = plainNumber(settings);
  const typed = (dataType: string): ColumnType => ({
    dataType,
    convert: toPlain && castOf(dataType, toPlain),
  });
  const whole = facts(fact.wholeDigits);
  if (!hasFractions) {
    if (facts(fact.hugeCount) === 0) return typed("BIGINT");
    return whole <= decimalDigitsMax ? typed(`DECIMAL(${decimalDigitsMax},0)`) : tooLong("integers", whole);
  }
  const fraction = facts(fact.fractionMax);
  if (facts(fact.fractionMin) !== fraction && facts(fact.paddedCount) > 0) {
    return text("some decimals end with a zero and have fewer digits than others, as codes do");
  }
  if (whole + fraction <= decimalDigits) return typed(`DECIMAL(${decimalDigits},${fraction})`);
  const exact =
    whole + fraction <= decimalDigitsMax
      ? typed(`DECIMAL(${decimalDigitsMax},${fraction})`)
      : tooLong("decimals", whole + fraction);
  // DuckDB parses wide decimals 15 times slower than doubles.
  const mayBeDoubles = facts(fact.inexactCount) === 0 && whole <= doubleDigitsMax;
  if (!mayBeDoubles) return exact;
  return { dataType: "DOUBLE", convert: toDouble(toPlain ?? ((one) => one)), fallback: exact };
}

/** The type of decimals some of which have an exponent, as programs write very small and very large doubles. */
export function floatType(facts: Facts, fallback: ColumnType): ColumnType {
  const mayBeDoubles = facts(fact.inexactCount) === 0 && facts(fact.wholeDigits) <= doubleDigitsMax;
  return mayBeDoubles ? { dataType: "DOUBLE", convert: toFloat, fallback } : fallback;
}

const text = (note: string): ColumnType => ({ dataType: "VARCHAR", note });

const tooLong = (what: string, digits: number): ColumnType =>
  text(`${what} of up to ${digits} digits; a number has ${decimalDigitsMax} at the most`);
