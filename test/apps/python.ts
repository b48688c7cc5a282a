import { findPython } from "../../tools/capabilities.mjs";

/** Debian's interpreter by its path: another Python earlier on the path would not know Debian's FastAPI. */
export function debianPython(): string {
  const python = findPython();
  if (python === undefined) throw new Error("Expected a Python 3 on this machine");
  return python;
}
