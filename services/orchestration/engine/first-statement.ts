/**
 * The text of the first statement, up to its semicolon. Settings of the server decide where a statement ends, so the result
 * must not be used before the server has parsed it alone as one statement.
 */
export function firstStatement(sql: string): string {
  for (let at = 0; at < sql.length; ) {
    if (sql[at] === ";") return sql.slice(0, at);
    at = endOfToken(sql, at);
  }
  return sql;
}

/** Offset after the string, name or comment that begins here, or after one other character. */
function endOfToken(sql: string, at: number): number {
  const two = sql.slice(at, at + 2);
  if (two === "--") return behind(sql, "\n", at);
  if (two === "/*") return endOfComment(sql, at);
  if (sql[at] === '"') return behind(sql, '"', at + 1);
  if (sql[at] === "'") return isEscaped(sql, at) ? endOfEscaped(sql, at) : behind(sql, "'", at + 1);
  const [tag] = sql[at] === "$" ? (dollarTag.exec(sql.slice(at, at + tagCharactersMax)) ?? []) : [];
  return tag === undefined || isInName(sql, at - 1) ? at + 1 : behind(sql, tag, at + tag.length);
}

const tagCharactersMax = 130;
const dollarTag = /^\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/;

/** A doubled quote counts as the end of a string and the start of the next one, with the same result. */
function behind(sql: string, end: string, from: number): number {
  const at = sql.indexOf(end, from);
  return at < 0 ? sql.length : at + end.length;
}

/** Comments may hold comments. */
function endOfComment(sql: string, start: number): number {
  let depth = 0;
  for (let at = start; at < sql.length; ) {
    const two = sql.slice(at, at + 2);
    if (two === "/*") depth += 1;
    if (two === "*/") depth -= 1;
    at += two === "/*" || two === "*/" ? 2 : 1;
    if (depth === 0) return at;
  }
  return sql.length;
}

const isInName = (sql: string, at: number): boolean => /[\w$\u0080-\uffff]/.test(sql.charAt(at));

/** Whether a string is written as `E'…'`, where a backslash takes the next character with it. */
const isEscaped = (sql: string, at: number): boolean =>
  /e/i.test(sql.charAt(at - 1)) && !isInName(sql, at - 2);

function endOfEscaped(sql: string, start: number): number {
  for (let at = start + 1; at < sql.length; at += sql[at] === "\\" ? 2 : 1) {
    if (sql[at] === "'") return at + 1;
  }
  return sql.length;
}
