import { actionWarnings, type SecurityAction, securityActionWireSchema } from "@wherefrom/model";
import { z } from "zod";
import { changeSideAndPublish } from "../change.ts";
import type { EnvironmentRecord } from "../config-store/port.ts";
import { ApiError } from "../http/api-error.ts";
import { EMPTY } from "../http/empty.ts";
import { type Answer, type Call, type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { etagOf, requireMatch } from "../http/etag.ts";
import { PAGE_SIZE, PAGE_TOKEN, readPage } from "../http/page.ts";
import { judgedTogether } from "../http/refuse-with-all.ts";
import { type SecurityContent, type StoredSecurityAction, securityOf } from "../security-content.ts";
import { environmentName } from "./environment-json.ts";
import { found, requireEnvironment } from "./environments.ts";
import { changedAction, readAction, readActionId } from "./security-action-body.ts";
import { readActionFilter } from "./security-action-filter.ts";

/** The body of a method that needs none. */
const NO_FIELDS = z.strictObject({});

/** The newest first. */
export const listSecurityActions: Endpoint = {
  summary: "Security actions of an environment, the newest first",
  answers: z
    .object({ securityActions: z.array(securityActionWireSchema), nextPageToken: z.string().optional() })
    .meta({ id: "ListSecurityActionsResponse" }),
  query: {
    filter: { type: "string", description: "By state and apiProxies: state = ENABLED AND apiProxies:orders" },
    pageSize: PAGE_SIZE,
    pageToken: PAGE_TOKEN,
  },
  async handle(call) {
    const isWanted = readActionFilter(call.query.get("filter") ?? "");
    const record = await requireEnvironment(call.store, call.param("env"));
    const wanted = securityOf(record)
      .actions.filter(({ action }) => isWanted(action))
      .toReversed();
    const { items, nextPageToken } = await readPage(call.query, {
      read: async ({ limit, before = Number.POSITIVE_INFINITY }) => wanted.filter(({ number }) => number < before).slice(0, limit),
      numberOf: ({ number }) => number,
    });
    return jsonAnswer({ securityActions: items.map((item) => actionJson(call, item)), nextPageToken }, etagOf(record.revision));
  },
};

/** Stands for the name of an action while its body is judged. */
const UNNAMED = "unnamed";

export const createSecurityAction: Endpoint = {
  summary: "Creates a security action",
  takes: securityActionWireSchema,
  answers: securityActionWireSchema,
  query: { securityActionId: { type: "string", description: "Its id: lower-case letters, digits and hyphens" } },
  isConditional: true,
  async handle(call) {
    const nowMs = call.parts.now();
    const body = await call.body();
    const [name, unnamed] = judgedTogether(
      () => readActionId(call.query.get("securityActionId")),
      () => readAction(body, { name: UNNAMED, nowMs }),
    );
    const action = { ...unnamed, name };
    return changeAction(call, name, (security) => {
      requireNewName(security.actions, name);
      return withNewAction(call, security, { action, nowMs });
    });
  },
};

export const getSecurityAction: Endpoint = {
  summary: "One security action",
  answers: securityActionWireSchema,
  async handle(call) {
    const record = await requireEnvironment(call.store, call.param("env"));
    return jsonAnswer(actionJson(call, requireAction(securityOf(record), call.param("action"))), etagOf(record.revision));
  },
};

/** PATCH: changes the fields of `updateMask`; without one, or with `*`, all of them. */
export const patchSecurityAction: Endpoint = {
  summary: "Changes the fields that updateMask names, or all",
  takes: securityActionWireSchema,
  answers: securityActionWireSchema,
  query: {
    updateMask: {
      type: "string",
      format: "google-fieldmask",
      description: "Which fields to change. Without it: the body is the whole action",
    },
  },
  isConditional: true,
  async handle(call) {
    const name = call.param("action");
    const body = await call.body();
    const updateMask = call.query.get("updateMask");
    return changeAction(call, name, (security) => {
      const nowMs = call.parts.now();
      const stored = requireAction(security, name);
      return withAction(security, {
        ...stored,
        action: changedAction(body, { standing: stored.action, updateMask, nowMs }),
        updatedAt: nowMs,
      });
    });
  },
};

export const deleteSecurityAction: Endpoint = {
  summary: "Deletes a security action",
  answers: EMPTY,
  isConditional: true,
  async handle(call) {
    const name = call.param("action");
    const record = await changeSecurity(call, (security) => {
      requireAction(security, name);
      return { ...security, actions: security.actions.filter(({ action }) => action.name !== name) };
    });
    return jsonAnswer({}, etagOf(record.revision));
  },
};

export const enableSecurityAction: Endpoint = stateEndpoint("DISABLED", "ENABLED");
export const disableSecurityAction: Endpoint = stateEndpoint("ENABLED", "DISABLED");

function stateEndpoint(from: "ENABLED" | "DISABLED", to: "ENABLED" | "DISABLED"): Endpoint {
  const verb = to === "ENABLED" ? "Enable" : "Disable";
  return {
    summary: `${verb}s a security action`,
    takes: NO_FIELDS.meta({ id: `${verb}SecurityActionRequest` }),
    answers: securityActionWireSchema,
    isConditional: true,
    handle: (call) => {
      const name = call.param("action");
      return changeAction(call, name, (security) => {
        const stored = requireAction(security, name);
        if (stored.action.state !== from) {
          throw new ApiError("SECURITY_ACTION_STATE", `Security action: Expected one that is ${from}, received ${name}, which is ${to}`);
        }
        return withAction(security, { ...stored, action: { ...stored.action, state: to }, updatedAt: call.parts.now() });
      });
    },
  };
}

/** An action as the API shows it. */
export function actionJson({ organization, param }: Call, { action, createdAt, updatedAt }: StoredSecurityAction): object {
  const warnings = actionWarnings(action);
  return {
    ...action,
    name: `${environmentName(organization, param("env"))}/securityActions/${action.name}`,
    createTime: new Date(createdAt).toISOString(),
    updateTime: new Date(updatedAt).toISOString(),
    ...(warnings.length > 0 && { warnings }),
  };
}

type ChangeSecurity = (security: SecurityContent) => SecurityContent;

async function changeAction(call: Call, name: string, change: ChangeSecurity): Promise<Answer> {
  const record = await changeSecurity(call, change);
  return jsonAnswer(actionJson(call, requireAction(securityOf(record), name)), etagOf(record.revision));
}

/** Changes the security actions of an environment; its gateways have them when this resolves, as with every change. */
export async function changeSecurity(call: Call, change: ChangeSecurity): Promise<EnvironmentRecord> {
  const environment = call.param("env");
  const { after } = await changeSideAndPublish(call.parts, {
    organization: call.organization,
    environment,
    by: call.stamp(),
    decide: (standing) => {
      const current = found(standing, environment);
      requireMatch(call.header("if-match"), current.revision);
      return { current, side: { security: change(securityOf(current)) } };
    },
  });
  return found(after, environment);
}

/** With an action whose name is new. Errors: `ApiError` TOO_MANY_SECURITY_ACTIONS. */
export function withNewAction(
  call: Call,
  { actions, ...others }: SecurityContent,
  { action, nowMs }: { readonly action: SecurityAction; readonly nowMs: number },
): SecurityContent {
  requireRoom(call, actions);
  const number = (actions.at(-1)?.number ?? 0) + 1;
  return { ...others, actions: [...actions, { action, number, createdAt: nowMs, updatedAt: nowMs }] };
}

function withAction(security: SecurityContent, stored: StoredSecurityAction): SecurityContent {
  return { ...security, actions: security.actions.map((other) => (other.number === stored.number ? stored : other)) };
}

export function requireAction({ actions }: SecurityContent, name: string): StoredSecurityAction {
  const stored = actions.find(({ action }) => action.name === name);
  if (stored !== undefined) return stored;
  throw new ApiError("SECURITY_ACTION_NOT_FOUND", `Security action: Expected one that exists, received ${JSON.stringify(name)}`);
}

function requireNewName(actions: readonly StoredSecurityAction[], name: string): void {
  if (!actions.some(({ action }) => action.name === name)) return;
  throw new ApiError("SECURITY_ACTION_EXISTS", `Security action: Expected a new id, received ${name}, which exists`);
}

function requireRoom({ parts }: Call, actions: readonly StoredSecurityAction[]): void {
  const { maxSecurityActions } = parts.limits;
  if (actions.length < maxSecurityActions) return;
  throw new ApiError(
    "TOO_MANY_SECURITY_ACTIONS",
    `Security actions: Expected at most ${maxSecurityActions} in an environment, received one more`,
  );
}
