import type { Reader } from "../reading.ts";
import { countOther } from "../statement.ts";
import { GUNICORN_NAMES, settingsOfPython } from "./python-settings.ts";
import { gunicornService } from "./service.ts";

/** Reads `gunicorn.conf.py`: whom a service under gunicorn takes for its client, unless its command line says something else. Not read: what a framework makes of headers, as Flask's `ProxyFix`. */
export const readGunicorn: Reader = (source, { notes }) => {
  const settings = settingsOfPython(source, notes);
  if (settings === undefined) return { passages: [], findings: [] };
  const names: readonly string[] = GUNICORN_NAMES;
  for (const name of settings.keys()) if (!names.includes(name)) countOther(notes, name);
  const { passage, findings } = gunicornService(settings, { name: "gunicorn", place: { file: source.name, line: 1, column: 1 } });
  return { passages: [passage], findings };
};
