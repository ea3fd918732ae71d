/** The leading patterns that the text contains in this order. */
export function inOrder(text: string, patterns: readonly string[]): string[] {
  let at = 0;
  const missing = patterns.findIndex((pattern) => {
    const found = text.indexOf(pattern, at);
    // The end of a line is the start of the next one.
    at = found + pattern.trimEnd().length;
    return found < 0;
  });
  return patterns.slice(0, missing < 0 ? patterns.length : missing);
}
