import { RowTooLargeError } from "../../results/bounded-rows.ts";
import { EngineFailure } from "../engine-failure.ts";
import type { FailureKind } from "../protocol.ts";

/** Error that SQL of the engine raises where a text differs from what its double is written as. */
export const doubleMismatch = "a text is not what its double is written as";

/** Longest part of a DuckDB error that a message repeats. */
const detailCharactersMax = 500;

/** Lines for authors of DuckDB SQL: excerpts, hints, settings of the reader. A message ends before the first one. */
const hints =
  /^\s*(LINE \d|Column .* is being converted |This (type|limit) was |Possible |Possible$|\* |Try |file = |Candidate|Alternatively|Please try)/;

/** Classifies a DuckDB error; `fallback` is the kind when its text is ambiguous. */
export function toEngineFailure(error: unknown, fallback: FailureKind): EngineFailure {
  if (error instanceof EngineFailure) return error;
  if (error instanceof RowTooLargeError) return new EngineFailure("tooLarge", error.message);
  const text = error instanceof Error ? error.message : String(error);
  return new EngineFailure(kindOf(text, fallback), summarize(text));
}

/**
 * DuckDB's and Node's texts. DuckDB lowers its spill limit to the free space of the disk: a limit other than the sandbox's own
 * 4 GiB means that the disk is full.
 */
const diskFull = /[Nn]o space left on device|failed to offload data block .*\/(?!4\.0 GiB)/;

function kindOf(text: string, fallback: FailureKind): FailureKind {
  if (fallback === "sourceDataInvalid" && text.includes(doubleMismatch)) return "wrongGuess";
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
  return fallback;
}

/** The excerpt of a long line is shortened, because the problem follows it. */
const longExcerpt = /^(Original Line: .{100}).+$/s;

/** Joins the lines before the first hint. */
function summarize(text: string): string {
  const lines = text.split("\n");
  const end = lines.findIndex((line) => hints.test(line));
  const lead = (end < 0 ? lines : lines.slice(0, end))
    .map((line) => line.trim().replace(longExcerpt, "$1…"))
    .filter((line) => line !== "");
  const sentence = lead.join(", ").replace(/^[A-Z][A-Za-z ]* Error: /, "");
  const message = raggedRowMessage(sentence) ?? sentence;
  return message.length > detailCharactersMax ? `${message.slice(0, detailCharactersMax)}…` : message;
}

function raggedRowMessage(sentence: string): string | undefined {
  const [, line, expected, found] =
    /^CSV Error on Line: (\d+).*Expected Number of Columns: (\d+) Found: (\d+)/s.exec(sentence) ?? [];
  return line && `line ${line} has ${found} columns instead of ${expected}`;
}
