import packageJson from "../../../package.json" with { type: "json" };

/** Sluice's version. */
export const { version } = packageJson;
