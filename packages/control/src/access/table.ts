import type { Role } from "@wherefrom/model";

/**
 * What a method asks of its caller: a role, at the place that its path names. A role includes those below it, and `gateway` stands beside
 * them. `own`: any role but `gateway`, at the place or inside it; the answer then has only what the caller may see. `public`: no credential is
 * looked at.
 */
export type Requirement = "public" | "own" | Role | readonly [Role, "gateway"];

/**
 * The least role for each method of the route table, by its id. A method without a row is not served: control does not start with it.
 *
 * A viewer reads, and tries policies out. An operator changes what an environment does. An admin decides what there is, and who may come in.
 */
export const REQUIREMENTS: Readonly<Record<string, Requirement>> = {
  index: "public",
  openapi: "public",
  discovery: "public",
  reference: "public",
  referenceStyle: "public",
  // of all organizations, so it takes a grant for all of them
  metrics: "viewer",

  "sessions.create": "own",
  "sessions.list": "own",
  "sessions.end": "own",

  "organizations.list": "own",
  "organizations.create": "admin",
  "organizations.get": "viewer",
  "organizations.update": "admin",
  "organizations.delete": "admin",
  "organizations.export": "viewer",
  "organizations.apply": "admin",
  "organizations.auditLog.list": "viewer",
  "organizations.operations.list": "viewer",
  "organizations.operations.get": "viewer",
  "organizations.tokens.list": "admin",
  "organizations.tokens.create": "admin",
  "organizations.tokens.revoke": "admin",

  "organizations.apis.list": "viewer",
  "organizations.apis.get": "viewer",
  "organizations.apis.deployments.list": "viewer",

  "organizations.environments.list": "own",
  "organizations.environments.create": "admin",
  "organizations.environments.get": "viewer",
  "organizations.environments.update": "operator",
  "organizations.environments.updateEnvironment": "operator",
  "organizations.environments.modifyEnvironment": "operator",
  "organizations.environments.delete": "admin",
  "organizations.environments.explain": "viewer",
  "organizations.environments.lint": "viewer",
  "organizations.environments.diagnose": "viewer",
  "organizations.environments.getFit": "viewer",
  // it makes control connect to somebody
  "organizations.environments.probe": "operator",
  "organizations.environments.preview": "viewer",
  "organizations.environments.rollback": "operator",
  "organizations.environments.revisions.list": "viewer",
  "organizations.environments.revisions.diff": "viewer",
  "organizations.environments.revisions.get": "viewer",
  "organizations.environments.routes.list": "viewer",
  "organizations.environments.routes.create": "operator",
  "organizations.environments.routes.get": "viewer",
  "organizations.environments.routes.update": "operator",
  "organizations.environments.routes.delete": "operator",
  "organizations.environments.securityActions.list": "viewer",
  "organizations.environments.securityActions.create": "operator",
  "organizations.environments.securityActions.get": "viewer",
  "organizations.environments.securityActions.patch": "operator",
  "organizations.environments.securityActions.delete": "operator",
  "organizations.environments.securityActions.enable": "operator",
  "organizations.environments.securityActions.disable": "operator",
  "organizations.environments.getSecurityActionsConfig": "viewer",
  "organizations.environments.updateSecurityActionsConfig": "operator",
  "organizations.environments.queries.create": "viewer",
  "organizations.environments.queries.list": "viewer",
  "organizations.environments.queries.get": "viewer",
  // anybody's, and a viewer asks again for what is gone
  "organizations.environments.queries.delete": "operator",
  "organizations.environments.queries.getResult": "viewer",
  "organizations.environments.queries.getResulturl": "viewer",
  "organizations.environments.securityIncidents.list": "viewer",
  "organizations.environments.securityIncidents.get": "viewer",
  "organizations.environments.securityIncidents.patch": "operator",
  "organizations.environments.securityIncidents.batchUpdate": "operator",
  "organizations.environments.securityIncidents.createSecurityAction": "operator",
  // what was recorded is clients' own: addresses and header fields
  "organizations.environments.apis.revisions.debugsessions.list": "operator",
  "organizations.environments.apis.revisions.debugsessions.create": "operator",
  "organizations.environments.apis.revisions.debugsessions.get": "operator",
  "organizations.environments.apis.revisions.debugsessions.delete": "operator",
  "organizations.environments.apis.revisions.debugsessions.data.list": "operator",
  "organizations.environments.apis.revisions.debugsessions.deleteData": "operator",
  "organizations.environments.apis.revisions.debugsessions.data.get": "operator",
  "organizations.environments.getDebugmask": "viewer",
  "organizations.environments.updateDebugmask": "operator",
  "organizations.environments.getDeployedConfig": "viewer",
  "organizations.environments.getSnapshot": ["viewer", "gateway"],
  "organizations.environments.getRollout": "viewer",
  "organizations.environments.promote": "operator",
  "organizations.environments.abort": "operator",
  "organizations.environments.gateways.list": "viewer",
  "organizations.environments.gateways.report": ["admin", "gateway"],
  "organizations.environments.gateways.deliverTransactions": ["admin", "gateway"],
  "organizations.environments.gateways.deliverEvents": ["admin", "gateway"],
  "organizations.environments.deployments.list": "viewer",
  "organizations.environments.deleteEvents": "admin",
  "organizations.environments.stats.get": "viewer",
};
