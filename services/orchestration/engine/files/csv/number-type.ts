import type { ReadingSettings } from "../../reading-settings.ts";
import { type ColumnType, castOf, plainNumber, toDouble, toFloat } from "../columns/conversion.ts";
import { fact } from "./tally.ts";

/** What was counted of a column, by the places of `fact`. */
export type Facts = (place: number) => number;

/** Digits that a decimal of 64 bits has room for, and the widest one. */
const decimalDigits = 18;
const decimalDigitsMax = 38;
/** Significant digits of what a double is written as. */
const doubleDigitsMax = 17;

/** The type of a column of numbers. */
export function numberType(facts: Facts, hasFractions: boolean, settings: ReadingSettings): ColumnType {
  const plain = plainNumber(settings);
  const typed = (dataType: string): ColumnType => ({ dataType, convert: plain && castOf(dataType, plain) });
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
  // DuckDB needs 15 times as long for the text of a wide decimal as for that of a double.
  const mayBeDoubles = facts(fact.inexactCount) === 0 && whole <= doubleDigitsMax;
  if (!mayBeDoubles) return exact;
  return { dataType: "DOUBLE", convert: toDouble(plain ?? ((one) => one)), otherwise: exact };
}

/** The type of decimals of which some are written with an exponent, as programs write very small and very large doubles. */
export function floatType(facts: Facts, otherwise: ColumnType): ColumnType {
  const mayBeDoubles = facts(fact.inexactCount) === 0 && facts(fact.wholeDigits) <= doubleDigitsMax;
  return mayBeDoubles ? { dataType: "DOUBLE", convert: toFloat, otherwise } : otherwise;
}

const text = (note: string): ColumnType => ({ dataType: "VARCHAR", note });

const tooLong = (what: string, digits: number): ColumnType =>
  text(`${what} of up to ${digits} digits; a number has ${decimalDigitsMax} at the most`);
