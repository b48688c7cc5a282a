import { chmodSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type ProfileFile, readProfiles, writeProfiles } from "../src/api/profiles.ts";
import { environmentOf, openTarget } from "../src/api/target.ts";
import { folderOf } from "./folder.ts";

const FILE: ProfileFile = {
  current: "prod",
  profiles: new Map([
    ["prod", { apiUrl: "https://control.example", organization: "acme", environment: "live", token: "t" }],
    ["test", { apiUrl: "http://127.0.0.1:9" }],
  ]),
};

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("the file of profiles", () => {
  test("is for its owner alone, and is read as it was written", () => {
    const path = join(folderOf({}), "new", "config.json");
    writeProfiles(path, FILE);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readProfiles(path)).toEqual(FILE);
  });

  test("that is not there has no profiles", () => {
    expect(readProfiles("/nowhere/config.json")).toEqual({ current: undefined, profiles: new Map() });
  });

  test("with a token that others can read is told", () => {
    const path = join(folderOf({}), "config.json");
    writeProfiles(path, FILE);
    chmodSync(path, 0o644);
    const told = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    readProfiles(path);
    expect(told).toHaveBeenCalledWith(expect.stringContaining("can be read by others: chmod 600"));
    told.mockRestore();
  });

  test("is refused with every fault", () => {
    const path = join(folderOf({}), "config.json");
    writeFileSync(path, JSON.stringify({ current: 1, more: 2, profiles: { a: 3, b: { url: "x", token: 4 } } }));
    expect(() => readProfiles(path)).toThrow(
      "/more: expected no such field; /current: expected the name of a profile; /profiles/a: expected an object; /profiles/b/url: expected no field but apiUrl, organization, environment, token; /profiles/b/token: expected a text",
    );
    for (const text of ["{", "[]", "1"]) {
      writeFileSync(path, text);
      expect(() => readProfiles(path)).toThrow("is not valid");
    }
  });
});

describe("the API that is asked", () => {
  function target(options: Parameters<typeof openTarget>[0] = {}): ReturnType<typeof openTarget> {
    const config = join(folderOf({}), "config.json");
    writeProfiles(config, FILE);
    return openTarget({ config, ...options });
  }

  test.each([
    { says: "the profile in use", options: {}, organization: "acme", environment: "live" },
    { says: "the profile that is named", options: { profile: "test" }, organization: "local", environment: undefined },
    { says: "a flag before the profile", options: { organization: "other" }, organization: "other", environment: "live" },
  ])("is that of $says", ({ options, organization, environment }) => {
    const chosen = target(options);
    expect([chosen.api.organization, chosen.environment]).toEqual([organization, environment]);
  });

  test.each(["http://control.example", "http://10.0.0.1:8081", "http://127.0.0.1.example"])("gets no token at %s", (apiUrl) => {
    expect(() => target({ apiUrl })).toThrow(expect.objectContaining({ code: "API_TOKEN_UNPROTECTED" }));
  });

  test.each(["https://control.example", "http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"])(
    "may get a token at %s",
    (apiUrl) => {
      expect(target({ apiUrl }).api.organization).toBe("acme");
    },
  );

  test("has an environment by argument, by variable, by profile", () => {
    vi.stubEnv("WHEREFROM_ENVIRONMENT", "variable");
    expect(environmentOf("argument", "profile")).toBe("argument");
    expect(environmentOf(undefined, "profile")).toBe("variable");
    vi.stubEnv("WHEREFROM_ENVIRONMENT", "");
    expect(environmentOf(undefined, "profile")).toBe("profile");
    expect(() => environmentOf(undefined, undefined)).toThrow("Give the name of an environment");
    expect(() => environmentOf("..", undefined)).toThrow("Expected a name other than . and ..");
  });
});
