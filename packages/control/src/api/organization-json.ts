import type { Organization } from "@wherefrom/model";
import type { OrganizationRecord } from "../config-store/port.ts";

/** An organization as Apigee's API shows it. Its project has its name, because there are no projects here. */
export function organizationJson(
  { name, settings, createdAt, modifiedAt }: OrganizationRecord,
  environments: readonly string[],
): Organization {
  return {
    name,
    ...settings,
    projectId: name,
    environments: [...environments],
    state: "ACTIVE",
    createdAt: String(createdAt),
    lastModifiedAt: String(modifiedAt),
  };
}
