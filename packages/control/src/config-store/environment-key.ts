/** An environment, by its names. */
export type EnvironmentKey = { readonly organization: string; readonly environment: string };
