import { checkDocs } from "./docs.ts";
import { closeCheck } from "./finding.ts";
import { treeAt } from "./tree.ts";

// Command: node tools/dist/check-docs.js [FOLDER]. Exit code 1 when there is a finding.
const { findings, pages } = checkDocs(treeAt(process.argv[2] ?? process.cwd()));
closeCheck("docs", { findings, looked: pages, unit: "pages" });
