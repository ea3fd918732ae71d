const isNothing = (value: unknown): boolean =>
  value === "" ||
  value === 0 ||
  value === false ||
  (typeof value === "object" && value !== null && Object.keys(value).length === 0);

/** JSON of a message without unset fields; responses of the edge have them. */
export function pruned(json: unknown): unknown {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return json;
  const members = Object.entries(json).map(([name, value]) => [name, pruned(value)] as const);
  return Object.fromEntries(members.filter(([, value]) => !isNothing(value)));
}
