/** Shown in place of what is hidden. */
const MASKED = "*****";

/** Fields that carry who somebody is, or that he is let in: hidden whatever the session says. */
const SECRET_FIELDS: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
  "www-authenticate",
  "x-wherefrom-hop",
]);
/** In the name of a field or of a query parameter. */
const SECRET_NAME =
  /token|secret|passw|api[-_.]?key|credential|session|signature|auth|jwt|otp|csrf|xsrf|saml|^(?:key|sig|code|pwd|pass|assertion|ticket)$/i;

/** Fields whose values are or hold addresses of pages: secrets stand in their queries and fragments as in those of the request. */
const URI_FIELDS = /^(?:location|content-location|refresh|referer|link|.*-ur[il])$/;
const SEPARATOR = /([&#])/;

/** Hides values of fields, query parameters and other variables: the secret ones always, and those that the environment names. */
export class Mask {
  readonly #variables: ReadonlySet<string>;
  readonly #fields: ReadonlySet<string>;
  readonly #parameters: ReadonlySet<string>;

  constructor(variables: readonly string[]) {
    this.#variables = new Set(variables);
    this.#fields = new Set(namesBehind(variables, /^(?:request|response|message)\.header\.(.+)$/i));
    this.#parameters = new Set(namesBehind(variables, /^request\.queryparam\.(.+)$/i));
  }

  /** A variable that is neither a field nor a parameter. */
  variable(name: string, value: string): string {
    return this.#variables.has(name) ? MASKED : value;
  }

  field(name: string, value: string): string {
    const lower = name.toLowerCase();
    if (SECRET_FIELDS.has(lower) || SECRET_NAME.test(lower) || this.#fields.has(lower)) return MASKED;
    return URI_FIELDS.test(lower) ? this.uri(value) : value;
  }

  /** A reference, with the values of secret parameters hidden in its query and fragment. Everything else stays as it was sent. */
  uri(reference: string): string {
    const at = reference.search(/[?#]/);
    if (at === -1) return reference;
    const parts = reference.slice(at + 1).split(SEPARATOR);
    return reference.slice(0, at + 1) + parts.map((part) => this.#parameter(part)).join("");
  }

  /** Some servers part parameters at a semicolon too, and a value may hold one: behind a secret name all is hidden. */
  #parameter(parameter: string): string {
    for (const { index, 1: name = "" } of parameter.matchAll(/(?<=^|[?;])([^=?;]*)=/g)) {
      if (this.#isSecret(decoded(name))) return `${parameter.slice(0, index + name.length)}=${MASKED}`;
    }
    return parameter;
  }

  #isSecret(name: string): boolean {
    return SECRET_NAME.test(name) || this.#parameters.has(name.toLowerCase());
  }
}

function namesBehind(variables: readonly string[], pattern: RegExp): string[] {
  return variables.flatMap((variable) => pattern.exec(variable)?.[1]?.toLowerCase() ?? []);
}

/** A name that is no valid encoding is looked at as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}
