import type { Application, Framework, Setting } from "./settings.ts";

/** What decides whom an application takes for its client. All but Fastify take it behind the making, too. */
export const NAMES: Readonly<Record<Framework, readonly string[]>> = {
  express: ["trust proxy"],
  fastify: ["trustProxy"],
  koa: ["proxy", "proxyIpHeader", "maxIpsCount"],
};

/** What is set on an application, and the first of it that only a run of the program decides. */
export type SetUp = { readonly settings: readonly Setting[]; readonly open: Setting | undefined };

/** What is set on it, looked at from the function that it is made in. */
export function setUpIn(settings: readonly Setting[], { owner }: Pick<Application, "owner">): SetUp {
  const open = settings.find(({ value, visit }) => value.kind === "computed" || visit.isConditional || visit.owner !== owner);
  return { settings, open };
}

/** What is set on each application: by its name, but for settings in a function that makes one of that name itself. Those of one name and function share it. */
export function settingsByApplication(
  applications: readonly Application[],
  settings: readonly Setting[],
): (application: Application) => SetUp {
  const keyOf = (name: string | undefined, owner: number): string => `${owner} ${name}`;
  const made = new Set(applications.map(({ name, owner }) => keyOf(name, owner)));
  const named = settings.filter(({ on }) => on !== undefined);
  const within = groupedBy(named, ({ on, visit }) => keyOf(on, visit.owner));
  const elsewhere = groupedBy(
    named.filter(({ on, visit }) => !made.has(keyOf(on, visit.owner))),
    ({ on }) => on,
  );
  const known = new Map<string, SetUp>();
  return (application) => {
    const { framework, name, owner } = application;
    const key = `${framework} ${keyOf(name, owner)}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const all = [...(within.get(keyOf(name, owner)) ?? []), ...(elsewhere.get(name) ?? [])]
      .filter((setting) => NAMES[framework].includes(setting.name))
      .toSorted((first, second) => (first.node.start ?? 0) - (second.node.start ?? 0));
    const set = setUpIn(all, application);
    known.set(key, set);
    return set;
  };
}

export function groupedBy<T, K>(items: readonly T[], keyOf: (item: T) => K): ReadonlyMap<K, readonly T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
