// Tokens of SQL. A string, comment or name that does not end goes on to the end of the text.
const text = `'(?:[^']|'')*'?`;
const escapedText = String.raw`'(?:[^'\\]|\\.|'')*'?`;
const dollarText = String.raw`\$(?<tag>[A-Za-z_]\w*|)\$.*?(?:\$\k<tag>\$|$)`;
const doubleQuoted = `"(?:[^"]|"")*"?`;
const doubleEscaped = String.raw`"(?:[^"\\]|\\.|"")*"?`;
const backquoted = "`(?:[^`]|``)*`?";
const comment = String.raw`--[^\n]*|/\*.*?(?:\*/|$)`;
const word = String.raw`[\p{L}_][\p{L}\p{N}_$]*`;
const number = String.raw`(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[\p{L}\p{N}_]*`;

/** The kinds are tried in this order. What may be a string or a name counts as a string. */
const tokens = (texts: string[], comments: string, names: string[]): RegExp =>
  new RegExp(
    `(?<text>${texts.join("|")})|(?<comment>${comments})|(?<name>${[...names, word].join("|")})|(?<number>${number})`,
    "gsu",
  );

const standard = tokens([`[eE]${escapedText}`, text, dollarText], comment, [doubleQuoted, backquoted]);
/** Double quotes enclose names and, where there is no such name, strings. */
const sqlite = tokens([text, doubleQuoted], comment, [backquoted]);
const mysql = tokens([escapedText, doubleEscaped], `${comment}|#[^\\n]*`, [backquoted]);
const byConnector: Readonly<Record<string, RegExp>> = { mysql, sqlite };

/**
 * A statement without its values and comments, in one line: they can be data of persons. Empty for one with a comment in a
 * comment, of which databases disagree where it ends.
 */
export function redactLiterals(statement: string, connector: string): string {
  let isNested = false;
  const redacted = statement.replaceAll(byConnector[connector] ?? standard, (token, ...rest) => {
    const groups = rest.at(-1) as Readonly<Record<"comment" | "name", string | undefined>>;
    if (groups.comment !== undefined) {
      isNested ||= token.includes("/*", 2);
      return " ";
    }
    return groups.name === undefined ? "?" : token;
  });
  return isNested ? "" : redacted.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
}
