// Runs before anything is known about the machine: only syntax and modules that Node 12 has.

/** The oldest Node that this repository supports. The same as `engines.node` in package.json. */
const oldestMajor = 20;
const oldestMinor = 19;

/**
 * Says in one line what is wrong with a Node version and how to get a better one.
 *
 * @param {string} version as `process.version` has it, such as `v18.19.0`
 * @returns {string | undefined} undefined when the version will do
 */
export function nodeFault(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return undefined;
  return `Found Node ${version}, Node ${oldestMajor}.${oldestMinor} or newer is needed: install it from https://nodejs.org or run "nvm install 22", then try again`;
}
