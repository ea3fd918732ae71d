/** Names that no call can create: `default` exists already, the others are those of systems. */
export const reservedNamespaces: readonly string[] = ["default", "system", "cdap", "sluice"];
