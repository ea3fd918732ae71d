/** A part that every answer of a service has. Without it the answer is nonsense, which the caller gets as Internal. */
export function answeredBy<T>(service: string, value: T | undefined): T {
  if (value === undefined) throw new Error(`${service} answered without what it was asked for`);
  return value;
}
