import type { Finding } from "./finding.ts";
import { type ImportStatement, importsOf, type ScannedSource, scanSource, usesOfName } from "./source-scan.ts";
import { resolvePath, type Tree } from "./tree.ts";

/** Which package stands on which floor. An import goes to a lower floor, never up and never sideways. */
const packageFloors: Readonly<Record<string, number>> = {
  wherefrom: 0,
  model: 1,
  proxies: 1,
  diagnosis: 1,
  gateway: 2,
  control: 2,
  doctor: 2,
  console: 3,
  cli: 4,
};

/** The floors inside the library. Within one folder imports are free; between folders they go down. */
const libraryFloors: readonly string[] = ["ip", "header", "algorithm", "resolve", "policy", "index.ts"];

/** Adapters stand beside the library's core: they see these folders, and nothing sees them. */
const adapterFolder = "adapters";
const adapterSees: readonly string[] = ["ip", "header", "algorithm", "resolve"];

/** What the library's core may not name: it gets clocks, chance, sockets and surroundings as arguments, or does without. */
const outsideWorld: readonly string[] = [
  "process",
  "Buffer",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "clearTimeout",
  "clearInterval",
  "clearImmediate",
  "queueMicrotask",
  "console",
  "Date",
  "Math\\s*\\.\\s*random",
  "crypto",
  "performance",
  "fetch",
  "globalThis",
  "require",
  "import\\s*\\.\\s*meta",
];

/** One source file of a package, and what it names. */
type Module = {
  readonly path: string;
  readonly package: string;
  readonly source: ScannedSource;
  readonly imports: readonly ImportStatement[];
};

/** What is wrong with the imports of a tree, and how many modules were looked at. */
export type FloorReport = { readonly findings: readonly Finding[]; readonly modules: number };

/** Checks every source file of every package against the floors. Pure: reads only the tree it is given. */
export function checkFloors(tree: Tree): FloorReport {
  const modules = [...tree.paths].filter((path) => /^packages\/[^/]+\/src\/.*\.tsx?$/.test(path)).map((path) => moduleOf(tree, path));
  const findings = modules.flatMap((module) => [
    ...module.imports.flatMap((statement) => judgeImport(module, statement, tree)),
    ...(isCore(module) ? judgeNames(module) : []),
  ]);
  return { findings: [...findings, ...findCycles(modules)], modules: modules.length };
}

function moduleOf(tree: Tree, path: string): Module {
  const source = scanSource(tree.read(path));
  return { path, package: path.split("/")[1] ?? "", source, imports: importsOf(source) };
}

function isLibrary(module: Module): boolean {
  return module.package === "wherefrom";
}

function isCore(module: Module): boolean {
  return isLibrary(module) && placeInLibrary(module.path) !== adapterFolder;
}

/** The folder under the library's src, or the file's own name when it stands there itself. */
function placeInLibrary(path: string): string {
  return path.split("/")[3] ?? "";
}

function judgeImport(module: Module, { specifier, line }: ImportStatement, tree: Tree): Finding[] {
  const at = { file: module.path, line };
  if (specifier === undefined) {
    const why = "nobody can see which floor an import leads to when its name is computed";
    return [{ ...at, what: "imports a module by a computed name", why, wayOut: "write the name as a string" }];
  }
  if (specifier.startsWith(".")) return judgeRelative(module, { specifier, line }, tree);
  const target = packageNamed(specifier);
  if (target !== undefined) return judgePackage(module, target, line);
  if (!isLibrary(module)) return [];
  return judgeForeign(module, specifier, line);
}

/** The folder of one of our own packages: `wherefrom/node` is `wherefrom`, `@wherefrom/model` is `model`. */
function packageNamed(specifier: string): string | undefined {
  const [scope, name] = specifier.split("/");
  if (scope === "wherefrom") return "wherefrom";
  return scope === "@wherefrom" ? name : undefined;
}

function judgePackage(module: Module, target: string, line: number): Finding[] {
  const at = { file: module.path, line };
  const own = packageFloors[module.package];
  const other = packageFloors[target];
  if (own === undefined || other === undefined) {
    const unknown = own === undefined ? module.package : target;
    const why = "every package has a place in the order of imports";
    return [{ ...at, what: `package ${unknown} has no floor`, why, wayOut: "give it one in tools/floors.ts and in ARCHITECTURE.md" }];
  }
  if (target === module.package) {
    const why = "a package that imports itself by name runs its old build beside its new source";
    return [{ ...at, what: `${target} imports itself by name`, why, wayOut: "import the file by its relative path" }];
  }
  if (module.package === "console" && target !== "model") {
    const why = "the console knows the model's types and the network, nothing else";
    return [{ ...at, what: `console imports ${target}`, why, wayOut: "ask control over HTTP" }];
  }
  if (other < own) return [];
  const direction = other === own ? "sideways" : "up";
  const why = `${module.package} is on floor ${own}, ${target} on floor ${other}: this import goes ${direction}`;
  return [
    {
      ...at,
      what: `${module.package} imports ${target}`,
      why,
      wayOut: `move what both need to a floor below ${own}, or take it as an argument`,
    },
  ];
}

function judgeForeign(module: Module, specifier: string, line: number): Finding[] {
  const at = { file: module.path, line };
  if (!specifier.startsWith("node:")) {
    const why = "the library has no dependencies, so that anyone can take it";
    return [{ ...at, what: `the library imports ${specifier}`, why, wayOut: "describe the shape it needs as a type of its own" }];
  }
  if (!isCore(module)) return [];
  const why = "the core runs on any JavaScript runtime";
  return [
    { ...at, what: `the core imports ${specifier}`, why, wayOut: "take what it gives as an argument, or move the code to an adapter" },
  ];
}

function judgeRelative(module: Module, { specifier, line }: { specifier: string; line: number }, tree: Tree): Finding[] {
  const at = { file: module.path, line };
  const target = resolvePath(module.path, specifier);
  const home = `packages/${module.package}/src/`;
  if (target === undefined || !target.startsWith(home)) {
    const why = "packages meet by name, through what they export";
    return [{ ...at, what: `imports ${specifier}, outside of ${home}`, why, wayOut: "import the package by its name, or move the file" }];
  }
  if (!tree.paths.has(target)) {
    return [
      {
        ...at,
        what: `imports ${specifier}, which is not there`,
        why: "the import leads nowhere",
        wayOut: "name the file as it is, with .ts",
      },
    ];
  }
  return isLibrary(module) ? judgeInsideLibrary(module, target, line) : [];
}

function judgeInsideLibrary(module: Module, target: string, line: number): Finding[] {
  const at = { file: module.path, line };
  const from = placeInLibrary(module.path);
  const to = placeInLibrary(target);
  if (from === to) return [];
  if (to === adapterFolder) {
    const why = "adapters translate between the library and a framework; the library does not know them";
    return [{ ...at, what: `${from} imports an adapter`, why, wayOut: "move what is needed down to header or resolve" }];
  }
  if (from === adapterFolder) {
    if (adapterSees.includes(to)) return [];
    const why = `an adapter reads evidence and sets the resolution; it sees only ${adapterSees.join(", ")}`;
    return [{ ...at, what: `an adapter imports ${to}`, why, wayOut: "let the caller do it and hand the result in" }];
  }
  const own = libraryFloors.indexOf(from);
  const other = libraryFloors.indexOf(to);
  if (own === -1 || other === -1) {
    const why = `the library's floors are ${libraryFloors.join(" <- ")}`;
    return [
      { ...at, what: `${own === -1 ? from : to} has no floor in the library`, why, wayOut: "move the file to the folder of its subject" },
    ];
  }
  if (other < own) return [];
  const why = `the library's floors are ${libraryFloors.join(" <- ")}, and imports go to the left`;
  return [{ ...at, what: `${from} imports ${to}`, why, wayOut: `move what ${from} needs down, or take it as an argument` }];
}

function judgeNames(module: Module): Finding[] {
  return outsideWorld.flatMap((name) => {
    const shown = name.replaceAll("\\s*", "").replaceAll("\\", "");
    const why = "the core is pure: the same evidence and policy always give the same answer, on any runtime";
    return usesOfName(module.source, name).map(({ line }) => ({
      file: module.path,
      line,
      what: `the core names ${shown}`,
      why,
      wayOut: "take the value as an argument",
    }));
  });
}

/** One finding for each way round, at the import that closes it. */
function findCycles(modules: readonly Module[]): Finding[] {
  const byPath = new Map(modules.map((module) => [module.path, module]));
  const findings: Finding[] = [];
  const done = new Set<string>();
  const trail: string[] = [];

  function visit(module: Module): void {
    trail.push(module.path);
    for (const { specifier, line } of module.imports) {
      const target = specifier?.startsWith(".") ? resolvePath(module.path, specifier) : undefined;
      const next = target === undefined ? undefined : byPath.get(target);
      if (next === undefined || done.has(next.path)) continue;
      const start = trail.indexOf(next.path);
      if (start === -1) visit(next);
      else findings.push(cycleFinding(module.path, line, [...trail.slice(start), next.path]));
    }
    trail.pop();
    done.add(module.path);
  }

  for (const module of modules) if (!done.has(module.path)) visit(module);
  return findings;
}

function cycleFinding(file: string, line: number, way: readonly string[]): Finding {
  const what = `imports in a circle: ${way.join(" -> ")}`;
  const why = "files that need each other can only be read, tested and moved together";
  return { file, line, what, why, wayOut: "move what both need to a file of its own" };
}
