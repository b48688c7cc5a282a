/** Builds the question whether a text is an address in any of the networks. */
export type Membership = (cidrs: readonly string[]) => (text: string) => boolean;

type Modules = {
  readonly prefix: typeof import("../packages/wherefrom/dist/ip/prefix.js");
  readonly prefixSet: typeof import("../packages/wherefrom/dist/ip/prefix-set.js");
  readonly read: typeof import("../packages/wherefrom/dist/ip/read.js");
  readonly words: typeof import("../packages/wherefrom/dist/ip/words.js");
};

/** Takes the library's own set by its file: users ask it through a policy only, and a policy does more than match. */
export async function loadMembership(): Promise<Membership> {
  const load = async (name: string): Promise<unknown> =>
    import(new URL(`../../packages/wherefrom/dist/ip/${name}.js`, import.meta.url).href);
  const { prefixOf } = (await load("prefix")) as Modules["prefix"];
  const { createPrefixSet, setContains } = (await load("prefix-set")) as Modules["prefixSet"];
  const { readAddress } = (await load("read")) as Modules["read"];
  const { createWords } = (await load("words")) as Modules["words"];
  return (cidrs) => {
    const set = createPrefixSet(cidrs.map(prefixOf));
    const words = createWords();
    return (text) => readAddress(text, words) && setContains(set, words);
  };
}
