/** At most `limit` of those whose number is below `before`. */
export type Page = { readonly limit: number; readonly before?: number | undefined };
