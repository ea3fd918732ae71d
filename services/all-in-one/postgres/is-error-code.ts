/** Whether an error has one of these codes, such as EEXIST or 57P03. */
export function isErrorCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
