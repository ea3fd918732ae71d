import { sqlInvalid, statementRefused } from "../../../errors.ts";

/** Keywords that start statements which read. */
const reading = /^[\s(]*(select|with|values|table)(?![\w$\u0080-\uffff])/i;
/** Keywords that start other statements. */
const other =
  /^[\s(]*(alter|analyze|backup|begin|binlog|cache|call|change|check|checksum|clone|commit|create|deallocate|declare|delete|desc|describe|do|drop|execute|explain|flush|get|grant|handler|help|import|insert|install|kill|load|lock|optimize|prepare|purge|release|rename|repair|replace|reset|resignal|restart|revoke|rollback|savepoint|set|show|shutdown|signal|start|stop|truncate|uninstall|unlock|update|use|xa)(?![\w$\u0080-\uffff])/i;

const onlyReading = "only statements that read are taken: SELECT, WITH, VALUES, TABLE";

/** A number may end right before a word. */
const before = "(?<![A-Za-z_$\\u0080-\\uffff])";
const word = (text: string) => new RegExp(`${before}${text}(?![\\w$\\u0080-\\uffff])`, "i");
const call = (names: string) => new RegExp(`${before}(${names})[\\s\`]*\\(`, "i");

/** What writes files or variables, or keeps rows locked for others, although it reads. */
const writing: readonly (readonly [RegExp, string])[] = [
  [word("into"), "INTO is not taken: the rows are the answer"],
  [word("procedure"), "PROCEDURE is not taken"],
  [word("for\\s+(?:update|share)"), "locking reads are not taken"],
  [word("lock\\s+in"), "locking reads are not taken"],
];

/** Functions with effects beyond the statement, or that read files of the server. */
const functions = call(
  "load_file|get_lock|release_lock|release_all_locks|master_pos_wait|source_pos_wait|master_gtid_wait" +
    "|wait_for_executed_gtid_set|wait_until_sql_thread_after_gtids|setval|nextval|lastval",
);

/**
 * Returns the statement without a semicolon at its end. InvalidArgument (STATEMENT_REFUSED) for what is certainly not one
 * statement that reads. The server refuses writes on its own: it compiles one statement at a time, in a transaction that
 * only reads.
 */
export function checkStatement(sql: string): string {
  if (sql.includes("\0")) throw sqlInvalid("a statement has no NUL characters");
  const { code, names } = withoutTexts(sql);
  const end = code.indexOf(";");
  if (end >= 0 && code.slice(end + 1).trim() !== "")
    throw statementRefused("one statement at a time, please");
  // The server reads \\N as NULL, whatever follows it, and a word that follows it at once.
  if (code.includes("\\")) throw statementRefused("backslashes are taken in texts and names only");
  if (other.test(code)) throw statementRefused(onlyReading);
  for (const [pattern, problem] of writing) if (pattern.test(code)) throw statementRefused(problem);
  const [, name] = functions.exec(names) ?? [];
  if (name !== undefined) throw statementRefused(`the function ${name} is not taken`);
  return end < 0 ? sql : sql.slice(0, end);
}

/** Whether the statement starts as one that reads. Anything else is not run, even if the server knows it. */
export const isReading = (sql: string): boolean => reading.test(withoutTexts(sql).code);

export const notReading = () => statementRefused(onlyReading);

/**
 * A string, a quoted name, a comment up to the end of its line, or one between marks. Unterminated ones go to the end. After
 * `--` the server takes only spaces and control characters of ASCII for the beginning of a comment.
 */
const token =
  /(?<text>'(?:[^'\\]|\\.|'')*(?:'|$)|"(?:[^"\\]|\\.|"")*(?:"|$))|(?<name>`(?:[^`]|``)*(?:`|$))|(?<line>#[^\n]*|--(?=[[\s\p{Cc}]&&\p{ASCII}]|$)[^\n]*)|(?<comment>\/\*.*?(?:\*\/|$))/gsvy;

/**
 * The statement with blanks in place of strings and comments. `code` has none of the quoted names either, while `names`
 * has them. Both have the length of the statement.
 */
function withoutTexts(sql: string): { code: string; names: string } {
  let code = "";
  let names = "";
  for (let at = 0; at < sql.length; ) {
    token.lastIndex = at;
    const { groups } = token.exec(sql) ?? {};
    const found = groups?.text ?? groups?.name ?? groups?.line ?? groups?.comment;
    if (found === undefined) {
      const plain = plainText(sql, at);
      code += plain;
      names += plain;
      at += plain.length;
      continue;
    }
    // The server runs what stands in such a comment, or lets it change settings.
    if (/^\/\*(?:!|M!|\+)/.test(found))
      throw statementRefused("comments with code or hints for the server are not taken");
    code += " ".repeat(found.length);
    names += groups?.name === undefined ? " ".repeat(found.length) : found;
    at += found.length;
  }
  return { code, names };
}

/** Characters up to the next one that may begin a token. */
function plainText(sql: string, at: number): string {
  const next = sql.slice(at + 1).search(/['"`#/-]/);
  return next < 0 ? sql.slice(at) : sql.slice(at, at + 1 + next);
}
