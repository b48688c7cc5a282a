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
const SECRET_NAME = /token|secret|passw|api[-_.]?key|credential|session|signature|auth|jwt|otp|csrf|xsrf/i;

/** Hides values of fields and of query parameters: the secret ones always, and those that the environment names. */
export class Mask {
  readonly #fields: ReadonlySet<string>;
  readonly #parameters: ReadonlySet<string>;

  /** Of the variables, `request.header.NAME`, `response.header.NAME` and `request.queryparam.NAME` have an effect. */
  constructor(variables: readonly string[]) {
    this.#fields = new Set(namesBehind(variables, /^(?:request|response|message)\.header\.(.+)$/i));
    this.#parameters = new Set(namesBehind(variables, /^request\.queryparam\.(.+)$/i));
  }

  field(name: string, value: string): string {
    const lower = name.toLowerCase();
    return SECRET_FIELDS.has(lower) || SECRET_NAME.test(lower) || this.#fields.has(lower) ? MASKED : value;
  }

  /** Path and query, with the values of secret parameters hidden. Everything else stays as it was sent. */
  uri(pathAndQuery: string): string {
    const at = pathAndQuery.indexOf("?");
    if (at === -1) return pathAndQuery;
    const parameters = pathAndQuery.slice(at + 1).split("&");
    return `${pathAndQuery.slice(0, at)}?${parameters.map((parameter) => this.#parameter(parameter)).join("&")}`;
  }

  #parameter(parameter: string): string {
    const at = parameter.indexOf("=");
    if (at === -1) return parameter;
    const name = decoded(parameter.slice(0, at));
    return SECRET_NAME.test(name) || this.#parameters.has(name.toLowerCase()) ? `${parameter.slice(0, at)}=${MASKED}` : parameter;
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
