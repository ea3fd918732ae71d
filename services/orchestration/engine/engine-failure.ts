import { RowTooLargeError } from "../results/bounded-rows.ts";
import type { Crash } from "./processes/engine-child.ts";
import { notDoubles } from "./files/readable.ts";
import type { MemoryExcess, MemoryLimits } from "./memory-watch.ts";
import type { FailureKind } from "./protocol.ts";

/** What an engine could not do, in words for the caller. */
export class EngineFailure extends Error {
  override name = "EngineFailure";
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** Longest text of DuckDB's that goes into a message. */
const detailCharactersMax = 500;

/** What DuckDB adds for those who write its SQL themselves: excerpts, hints, settings of the reader. */
const hints =
  /^\s*(LINE \d|Column .* is being converted |This (type|limit) was |Possible |Possible$|\* |Try |file = |Candidate|Alternatively|Please try)/;

/** Reads an error of DuckDB's; `usual` is what it means when the text does not tell. */
export function toEngineFailure(error: unknown, usual: FailureKind): EngineFailure {
  if (error instanceof EngineFailure) return error;
  if (error instanceof RowTooLargeError) return new EngineFailure("tooLarge", error.message);
  const text = error instanceof Error ? error.message : String(error);
  return new EngineFailure(kindOf(text, usual), essence(text));
}

/** In DuckDB's words and in Node's. DuckDB spills no more than the disk has room for: a limit that is not the sandbox's own is the disk's. */
const diskFull = /[Nn]o space left on device|failed to offload data block .*\/(?!4\.0 GiB)/;

function kindOf(text: string, usual: FailureKind): FailureKind {
  if (usual === "sourceDataInvalid" && text.includes(notDoubles)) return "wrongGuess";
  if (diskFull.test(text)) return "diskFull";
  if (/max_temp_directory_size/.test(text)) return "tooLarge";
  if (/^Out of Memory Error|std::bad_alloc/.test(text)) return "memory";
  if (/^Permission Error/.test(text)) return "statementRefused";
  if (/^(Internal|FATAL|Fatal) /.test(text)) return "internal";
  if (
    /^(CSV Error|IO Error|Serialization Error)|CSV Error on Line|TProtocolException|JSON transform error/.test(
      text,
    )
  ) {
    return "sourceDataInvalid";
  }
  return usual;
}

/** A line of the file that is as long as a whole message: what is wrong with it comes behind. */
const longExcerpt = /^(Original Line: .{100}).+$/s;

/** The lines that say what happened, on one line. */
function essence(text: string): string {
  const lines = text.split("\n");
  const end = lines.findIndex((line) => hints.test(line));
  const said = (end < 0 ? lines : lines.slice(0, end))
    .map((line) => line.trim().replace(longExcerpt, "$1…"))
    .filter((line) => line !== "");
  const sentence = said.join(", ").replace(/^[A-Z][A-Za-z ]* Error: /, "");
  const clear = raggedRow(sentence) ?? sentence;
  return clear.length > detailCharactersMax ? `${clear.slice(0, detailCharactersMax)}…` : clear;
}

function raggedRow(sentence: string): string | undefined {
  const [, line, expected, found] =
    /^CSV Error on Line: (\d+).*Expected Number of Columns: (\d+) Found: (\d+)/s.exec(sentence) ?? [];
  return line && `line ${line} has ${found} columns instead of ${expected}`;
}

/** What a process says whose memory was refused: Node, V8 or the C++ library. */
const outOfMemory = /out of memory|bad_alloc|Allocation failed|Cannot allocate memory/i;

/** What the end of a process that nobody told to end means. */
export function crashFailure(
  { exitCode, signal, complaint, endedByOthers }: Crash,
  limits: MemoryLimits,
): EngineFailure {
  if (outOfMemory.test(complaint)) return memoryFailure("process", limits);
  // A kill from outside, by the kernel for want of memory or by an operator, is no fault of the file or statement.
  const kind = endedByOthers ? "killed" : "crashed";
  return new EngineFailure(kind, `the engine's process ended by ${signal ?? `exit code ${exitCode}`}`);
}

export function memoryFailure(
  excess: MemoryExcess,
  { processBytes, totalBytes }: MemoryLimits,
): EngineFailure {
  return new EngineFailure(
    "memory",
    excess === "process"
      ? `it needs more memory than the ${mebibytes(processBytes)} that one execution has`
      : `all executions together need more memory than the ${mebibytes(totalBytes)} that they have, and this one took the most`,
  );
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 1024 ** 2)} MiB`;
