import { sqlInvalid, statementRefused } from "../../../errors.ts";

const onlyReading = "only statements that read are taken: SELECT, WITH, VALUES, TABLE";

/** Table functions that read nothing but their arguments. All others may run a statement in a database behind Trino. */
const tableFunctions = new Set(["sequence", "exclude_columns"]);

/** A text, a quoted name, a comment up to the end of its line, one between marks, a word, or any other character. */
const token =
  /(?<text>'(?:[^']|'')*(?:'|$))|(?<name>"(?:[^"]|"")*(?:"|$))|(?<comment>--[^\r\n]*|\/\*[\s\S]*?(?:\*\/|$))|(?<word>[A-Za-z_][\w$]*)|(?<space>\s+)|(?<other>[\s\S])/y;

/** Words that begin statements which read, and words that begin others. */
const reading: ReadonlySet<string> = new Set(["select", "with", "values", "table"]);
const others: ReadonlySet<string> = new Set(
  (
    "alter analyze call comment commit create deallocate delete deny describe drop execute explain grant insert merge prepare " +
    "refresh reset revoke rollback set show start truncate update use"
  ).split(" "),
);

/** Words and marks of a statement, in lower case; texts and quoted names are a quote. */
function tokensOf(sql: string): string[] {
  const tokens: string[] = [];
  for (let at = 0; at < sql.length; at = token.lastIndex) {
    token.lastIndex = at;
    const { groups } = token.exec(sql) ?? {};
    if (groups?.word !== undefined) tokens.push(groups.word.toLowerCase());
    else if (groups?.name !== undefined) tokens.push(groups.name);
    else if (groups?.text !== undefined) tokens.push("'");
    else if (groups?.other !== undefined) tokens.push(groups.other);
  }
  return tokens;
}

/**
 * Returns whether the text begins as a statement that reads. InvalidArgument (STATEMENT_REFUSED) for what does more than
 * reading, although its transaction only reads.
 */
export function checkStatement(sql: string): boolean {
  if (sql.includes("\0")) throw sqlInvalid("a statement has no NUL characters");
  const tokens = tokensOf(sql);
  // Trino folds letters in ways of its own, so a word with others could be a keyword.
  const strange = tokens.find((found) => !found.startsWith('"') && /[^\x20-\x7e]/.test(found));
  if (strange !== undefined) {
    throw statementRefused(`${JSON.stringify(strange)} is taken in texts, quoted names and comments only`);
  }
  if (tokens.includes(";")) throw statementRefused("one statement at a time, please, without a semicolon");
  for (const [index, found] of tokens.entries()) {
    if (found === "table" && tokens[index + 1] === "(") checkTableFunction(tokens, index + 2);
    if (found === "with" && tokens[index + 1] === "function")
      throw statementRefused("WITH FUNCTION is not taken");
  }
  const first = tokens.find((found) => found !== "(") ?? "";
  if (others.has(first)) throw notReading();
  return reading.has(first);
}

/** `TABLE(name)` is a table, and `TABLE(name(…))` calls a function. A name in parts is one of a catalog's own. */
function checkTableFunction(tokens: readonly string[], at: number): void {
  let end = at;
  while (/^[\w"$.]/.test(tokens[end] ?? "")) end += 1;
  const name = tokens.slice(at, end).join("");
  const next = tokens[end];
  if (next === ")" ? end > at : next === "(" && tableFunctions.has(name)) return;
  throw statementRefused(
    `the table function ${name.slice(0, 100)} is not taken: only sequence and exclude_columns are`,
  );
}

export const notReading = () => statementRefused(onlyReading);
