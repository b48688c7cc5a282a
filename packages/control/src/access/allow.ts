import { EVERY_ORGANIZATION, type Grant, type Role } from "@wherefrom/model";
import { REQUIREMENTS, type Requirement } from "./table.ts";

/** A grant with the organization that it is for; `EVERY_ORGANIZATION` for all of them. */
export type PlacedGrant = Grant & { readonly organization: string };

/** What a request is about, as its path says. */
export type Place = { readonly organization: string | undefined; readonly environment: string | undefined };

/** The requirement of a method. Throws for one without a row in the table: nobody decided who may call it. */
export function requirementOf(id: string): Requirement {
  const requirement = Object.hasOwn(REQUIREMENTS, id) ? REQUIREMENTS[id] : undefined;
  if (requirement !== undefined) return requirement;
  throw new Error(`Method ${id}: Expected a row in access/table.ts that says who may call it, found none`);
}

/** Whether a caller with these grants may do at a place what the requirement is of. It looks at nothing that is stored, so a refusal says nothing about what exists. */
export function isAllowed(grants: readonly PlacedGrant[], { requirement, place }: { requirement: Requirement; place: Place }): boolean {
  if (requirement === "public") return true;
  if (requirement === "own") return grants.some((grant) => grant.role !== "gateway" && touches(grant, place));
  const roles: readonly Role[] = typeof requirement === "string" ? [requirement] : requirement;
  return grants.some((grant) => covers(grant, place) && roles.some((role) => includes(grant.role, role)));
}

const LADDER: readonly Role[] = ["viewer", "operator", "admin"];

function includes(role: Role, least: Role): boolean {
  if (role === "gateway" || least === "gateway") return role === least;
  return LADDER.indexOf(role) >= LADDER.indexOf(least);
}

/** What belongs to no organization takes a grant for all of them, and what belongs to no environment one for the whole organization. */
function covers(grant: PlacedGrant, { organization = EVERY_ORGANIZATION, environment }: Place): boolean {
  if (grant.organization !== EVERY_ORGANIZATION && grant.organization !== organization) return false;
  return grant.environments === undefined || (environment !== undefined && grant.environments.includes(environment));
}

/** Whether a grant covers the place or something in it. */
function touches(grant: PlacedGrant, { organization }: Place): boolean {
  return organization === undefined || grant.organization === EVERY_ORGANIZATION || grant.organization === organization;
}

/** Whether the caller may see that there is an organization, or an environment in it: whether it can do anything there at all. */
export function maySee(grants: readonly PlacedGrant[], place: { readonly organization: string; readonly environment?: string }): boolean {
  const { organization, environment } = place;
  return grants.some((grant) => {
    if (grant.role === "gateway") return false;
    return environment === undefined ? touches(grant, { organization, environment }) : covers(grant, { organization, environment });
  });
}
