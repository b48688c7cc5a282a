import { getApi, listApis, listDeployments, listDeploymentsOfApi } from "./api/apis.ts";
import { applyOrganization, exportOrganization } from "./api/apply.ts";
import { listAuditLog } from "./api/audit-log.ts";
import { batchUpdateIncidents } from "./api/batch-incidents.ts";
import { deleteDebugData, deliverTransactions, getDebugTransaction, listDebugData } from "./api/debug-data.ts";
import {
  createDebugSession,
  deleteDebugSession,
  getDebugMask,
  getDebugSession,
  listDebugSessions,
  updateDebugMask,
} from "./api/debug-sessions.ts";
import { deleteEvents } from "./api/delete-events.ts";
import { deliverEvents } from "./api/deliver-events.ts";
import { getDeployedConfig } from "./api/deployed-config.ts";
import { diagnoseEnvironment } from "./api/diagnose.ts";
import { diffRevisions, getRevision, listRevisions } from "./api/environment-revisions.ts";
import {
  createEnvironment,
  deleteEnvironment,
  getEnvironment,
  listEnvironments,
  modifyEnvironment,
  updateEnvironment,
} from "./api/environments.ts";
import { explainRequest } from "./api/explain.ts";
import { getFit } from "./api/fit.ts";
import { listGateways, reportGateway } from "./api/gateways.ts";
import { createActionOfIncident } from "./api/incident-action.ts";
import { getIndex } from "./api/index-page.ts";
import { lintPolicy } from "./api/lint.ts";
import { getMetrics } from "./api/metrics.ts";
import { getOperation, listOperations } from "./api/operations.ts";
import { createOrganization, deleteOrganization, getOrganization, listOrganizations, updateOrganization } from "./api/organizations.ts";
import { previewPolicy } from "./api/preview.ts";
import { probePath } from "./api/probe.ts";
import { createQuery, deleteQuery, getQuery, getQueryResult, getQueryResultUrl, listQueries } from "./api/queries.ts";
import { rollbackEnvironment } from "./api/rollback.ts";
import { abortRollout, getRollout, promoteRollout } from "./api/rollout.ts";
import { createRoute, deleteRoute, getRoute, listRoutes, replaceRoute } from "./api/routes.ts";
import {
  createSecurityAction,
  deleteSecurityAction,
  disableSecurityAction,
  enableSecurityAction,
  getSecurityAction,
  listSecurityActions,
  patchSecurityAction,
} from "./api/security-actions.ts";
import { getSecurityActionsConfig, updateSecurityActionsConfig } from "./api/security-actions-config.ts";
import { getSecurityIncident, listSecurityIncidents, patchSecurityIncident } from "./api/security-incidents.ts";
import { createSession, endSession, listSessions } from "./api/sessions.ts";
import { getSnapshot } from "./api/snapshot.ts";
import { getStats } from "./api/stats.ts";
import { createToken, listTokens, revokeToken } from "./api/tokens.ts";
import { documentLines } from "./document/document-lines.ts";
import type { RouteLine } from "./http/endpoint.ts";

const ORG = "/v1/organizations/{org}";
const ENV = `${ORG}/environments/{env}`;
const DEBUG = `${ENV}/apis/{api}/revisions/{revision}/debugsessions`;
const DEBUG_ID = "organizations.environments.apis.revisions.debugsessions";

/** Everything that the API can do. */
export const API_LINES: readonly RouteLine[] = [
  ["POST", "/v1/sessions", "sessions.create", createSession],
  ["GET", "/v1/sessions", "sessions.list", listSessions],
  ["DELETE", "/v1/sessions/{session}", "sessions.end", endSession],
  ["GET", "/v1/organizations", "organizations.list", listOrganizations],
  ["POST", "/v1/organizations", "organizations.create", createOrganization],
  ["GET", ORG, "organizations.get", getOrganization],
  ["PUT", ORG, "organizations.update", updateOrganization],
  ["DELETE", ORG, "organizations.delete", deleteOrganization],
  ["GET", `${ORG}:export`, "organizations.export", exportOrganization],
  ["POST", `${ORG}:apply`, "organizations.apply", applyOrganization],
  ["GET", `${ORG}/environments`, "organizations.environments.list", listEnvironments],
  ["POST", `${ORG}/environments`, "organizations.environments.create", createEnvironment],
  ["POST", `${ENV}:explain`, "organizations.environments.explain", explainRequest],
  ["POST", `${ENV}:lint`, "organizations.environments.lint", lintPolicy],
  ["POST", `${ENV}:diagnose`, "organizations.environments.diagnose", diagnoseEnvironment],
  ["GET", `${ENV}:fit`, "organizations.environments.getFit", getFit],
  ["POST", `${ENV}:probe`, "organizations.environments.probe", probePath],
  ["POST", `${ENV}:preview`, "organizations.environments.preview", previewPolicy],
  ["GET", `${ENV}/rollout`, "organizations.environments.getRollout", getRollout],
  ["POST", `${ENV}:promote`, "organizations.environments.promote", promoteRollout],
  ["POST", `${ENV}:abort`, "organizations.environments.abort", abortRollout],
  ["POST", `${ENV}:rollback`, "organizations.environments.rollback", rollbackEnvironment],
  ["GET", ENV, "organizations.environments.get", getEnvironment],
  ["PUT", ENV, "organizations.environments.update", updateEnvironment],
  ["POST", ENV, "organizations.environments.updateEnvironment", updateEnvironment],
  ["PATCH", ENV, "organizations.environments.modifyEnvironment", modifyEnvironment],
  ["DELETE", ENV, "organizations.environments.delete", deleteEnvironment],
  ["GET", `${ENV}/revisions`, "organizations.environments.revisions.list", listRevisions],
  ["GET", `${ENV}/revisions/{revision}:diff`, "organizations.environments.revisions.diff", diffRevisions],
  ["GET", `${ENV}/revisions/{revision}`, "organizations.environments.revisions.get", getRevision],
  ["GET", `${ENV}/routes`, "organizations.environments.routes.list", listRoutes],
  ["POST", `${ENV}/routes`, "organizations.environments.routes.create", createRoute],
  ["GET", `${ENV}/routes/{route}`, "organizations.environments.routes.get", getRoute],
  ["PUT", `${ENV}/routes/{route}`, "organizations.environments.routes.update", replaceRoute],
  ["DELETE", `${ENV}/routes/{route}`, "organizations.environments.routes.delete", deleteRoute],
  ["GET", `${ENV}/securityActions`, "organizations.environments.securityActions.list", listSecurityActions],
  ["POST", `${ENV}/securityActions`, "organizations.environments.securityActions.create", createSecurityAction],
  ["GET", `${ENV}/securityActions/{action}`, "organizations.environments.securityActions.get", getSecurityAction],
  ["PATCH", `${ENV}/securityActions/{action}`, "organizations.environments.securityActions.patch", patchSecurityAction],
  ["DELETE", `${ENV}/securityActions/{action}`, "organizations.environments.securityActions.delete", deleteSecurityAction],
  ["POST", `${ENV}/securityActions/{action}:enable`, "organizations.environments.securityActions.enable", enableSecurityAction],
  ["POST", `${ENV}/securityActions/{action}:disable`, "organizations.environments.securityActions.disable", disableSecurityAction],
  ["GET", `${ENV}/securityActionsConfig`, "organizations.environments.getSecurityActionsConfig", getSecurityActionsConfig],
  ["PATCH", `${ENV}/securityActionsConfig`, "organizations.environments.updateSecurityActionsConfig", updateSecurityActionsConfig],
  ["GET", `${ENV}/securityIncidents`, "organizations.environments.securityIncidents.list", listSecurityIncidents],
  ["POST", `${ENV}/securityIncidents:batchUpdate`, "organizations.environments.securityIncidents.batchUpdate", batchUpdateIncidents],
  ["GET", `${ENV}/securityIncidents/{incident}`, "organizations.environments.securityIncidents.get", getSecurityIncident],
  ["PATCH", `${ENV}/securityIncidents/{incident}`, "organizations.environments.securityIncidents.patch", patchSecurityIncident],
  [
    "POST",
    `${ENV}/securityIncidents/{incident}:createSecurityAction`,
    "organizations.environments.securityIncidents.createSecurityAction",
    createActionOfIncident,
  ],
  ["GET", DEBUG, `${DEBUG_ID}.list`, listDebugSessions],
  ["POST", DEBUG, `${DEBUG_ID}.create`, createDebugSession],
  ["GET", `${DEBUG}/{session}`, `${DEBUG_ID}.get`, getDebugSession],
  ["DELETE", `${DEBUG}/{session}`, `${DEBUG_ID}.delete`, deleteDebugSession],
  ["GET", `${DEBUG}/{session}/data`, `${DEBUG_ID}.data.list`, listDebugData],
  ["DELETE", `${DEBUG}/{session}/data`, `${DEBUG_ID}.deleteData`, deleteDebugData],
  ["GET", `${DEBUG}/{session}/data/{transaction}`, `${DEBUG_ID}.data.get`, getDebugTransaction],
  ["GET", `${ENV}/debugmask`, "organizations.environments.getDebugmask", getDebugMask],
  ["PATCH", `${ENV}/debugmask`, "organizations.environments.updateDebugmask", updateDebugMask],
  ["POST", `${ENV}/gateways/{gateway}:deliverTransactions`, "organizations.environments.gateways.deliverTransactions", deliverTransactions],
  ["POST", `${ENV}/gateways/{gateway}:deliverEvents`, "organizations.environments.gateways.deliverEvents", deliverEvents],
  ["GET", `${ENV}/deployedConfig`, "organizations.environments.getDeployedConfig", getDeployedConfig],
  ["POST", `${ENV}:deleteEvents`, "organizations.environments.deleteEvents", deleteEvents],
  ["GET", `${ENV}/stats/{dimensions}`, "organizations.environments.stats.get", getStats],
  ["POST", `${ENV}/queries`, "organizations.environments.queries.create", createQuery],
  ["GET", `${ENV}/queries`, "organizations.environments.queries.list", listQueries],
  ["GET", `${ENV}/queries/{query}`, "organizations.environments.queries.get", getQuery],
  ["DELETE", `${ENV}/queries/{query}`, "organizations.environments.queries.delete", deleteQuery],
  ["GET", `${ENV}/queries/{query}/result`, "organizations.environments.queries.getResult", getQueryResult],
  ["GET", `${ENV}/queries/{query}/resulturl`, "organizations.environments.queries.getResulturl", getQueryResultUrl],
  ["GET", `${ENV}/snapshot`, "organizations.environments.getSnapshot", getSnapshot],
  ["GET", `${ENV}/gateways`, "organizations.environments.gateways.list", listGateways],
  ["PUT", `${ENV}/gateways/{gateway}`, "organizations.environments.gateways.report", reportGateway],
  ["GET", `${ENV}/deployments`, "organizations.environments.deployments.list", listDeployments],
  ["GET", `${ORG}/apis`, "organizations.apis.list", listApis],
  ["GET", `${ORG}/apis/{api}`, "organizations.apis.get", getApi],
  ["GET", `${ORG}/apis/{api}/deployments`, "organizations.apis.deployments.list", listDeploymentsOfApi],
  ["GET", `${ORG}/auditLog`, "organizations.auditLog.list", listAuditLog],
  ["GET", `${ORG}/operations`, "organizations.operations.list", listOperations],
  ["GET", `${ORG}/operations/{operation}`, "organizations.operations.get", getOperation],
  ["GET", `${ORG}/tokens`, "organizations.tokens.list", listTokens],
  ["POST", `${ORG}/tokens`, "organizations.tokens.create", createToken],
  ["DELETE", `${ORG}/tokens/{token}`, "organizations.tokens.revoke", revokeToken],
];

/** What the API can do, what it says of that, and where one begins. */
export const ALL_LINES: readonly RouteLine[] = [
  ["GET", "/", "index", getIndex],
  ["GET", "/metrics", "metrics", getMetrics],
  ...documentLines(API_LINES),
  ...API_LINES,
];
