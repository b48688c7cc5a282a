import { closeCheck } from "./finding.ts";
import { checkFloors } from "./floors.ts";
import { treeAt } from "./tree.ts";

// Command: node tools/dist/check-floors.js [FOLDER]. Exit code 1 when there is a finding.
const { findings, modules } = checkFloors(treeAt(process.argv[2] ?? process.cwd()));
closeCheck("floors", { findings, looked: modules, unit: "modules" });
