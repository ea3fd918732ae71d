import type { Env } from "../session/settings.ts";
import { neutraliseLines } from "./neutralise.ts";

type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Where a command writes: results to standard output, all else to standard error. */
export type Terminal = {
  /** Whether people read standard output. */
  readonly showsPeople: boolean;
  /** Whether questions can be asked. */
  readonly canAsk: boolean;
  /** Whether standard error is a terminal, which a progress bar needs. */
  readonly showsProgress: boolean;
  /** Columns of standard output; unlimited in a pipe. */
  readonly width: number;
  /** Writes a line of a result. */
  print(line: string): void;
  /** Writes a line of a result as it is, for programs. */
  printExact(line: string): void;
  /** Writes a line about the work to standard error. */
  note(line: string): void;
  style(text: string, ...styles: Style[]): string;
  /** The same on standard error. */
  noteStyle(text: string, ...styles: Style[]): string;
};

const codes: Readonly<Record<Style, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };

const ownStyles = new RegExp(`(\\u001b\\[(?:0|${Object.values(codes).join("|")})m)`);

/** Neutralises a line again, in case that a command forgot it: at most colours of a server get through. */
const keepStyles = (line: string): string =>
  line
    .split(ownStyles)
    .map((part, at) => (at % 2 === 1 ? part : neutraliseLines(part)))
    .join("");

export function openTerminal(env: Env): Terminal {
  const { stdin, stdout, stderr } = process;
  const plain = Boolean(env.NO_COLOR) || env.TERM === "dumb";
  const styler =
    (stream: { isTTY?: boolean }) =>
    (text: string, ...styles: Style[]): string =>
      plain || !stream.isTTY
        ? text
        : styles.reduce((inner, style) => `\x1b[${codes[style]}m${inner}\x1b[0m`, text);
  return {
    showsPeople: stdout.isTTY === true,
    canAsk: stdin.isTTY === true && stderr.isTTY === true,
    showsProgress: stderr.isTTY === true && env.TERM !== "dumb",
    width: stdout.isTTY ? stdout.columns || 80 : Number.POSITIVE_INFINITY,
    print: (line) => void stdout.write(`${keepStyles(line)}\n`),
    printExact: (line) => void stdout.write(`${line}\n`),
    note: (line) => void stderr.write(`${keepStyles(line)}\n`),
    style: styler(stdout),
    noteStyle: styler(stderr),
  };
}
