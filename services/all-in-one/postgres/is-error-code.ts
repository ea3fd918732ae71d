/** Whether an error carries one of these codes (EEXIST, 57P03 …). */
export function isErrorCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
