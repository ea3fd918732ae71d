/**
 * A name from a server as the name of a file here: without folders, and nothing that a shell or terminal would obey. A name that begins with a
 * dot or a hyphen, or is empty, gets another beginning.
 */
export function safeFileName(name: string, beginning: string): string {
  const safe = name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}/\\]/gu, "_");
  return safe === "" || safe.startsWith(".") || safe.startsWith("-") ? `${beginning}${safe}` : safe;
}
