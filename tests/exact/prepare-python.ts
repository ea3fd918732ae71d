import { preparePython } from "./python.ts";

export const setup = (): void => preparePython();
