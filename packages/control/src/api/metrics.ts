import { Gauge, Registry } from "prom-client";
import { z } from "zod";
import type { EnvironmentRecord } from "../config-store/port.ts";
import type { Endpoint } from "../http/endpoint.ts";
import { processMetrics } from "../metrics.ts";
import type { ControlParts } from "../parts.ts";
import { type RolloutState, rolloutOf } from "../rollout.ts";

const STATES: readonly RolloutState[] = ["CURRENT", "BEHIND", "AHEAD", "REFUSED", "STALE"];

/**
 * For Prometheus: of this control and of every organization, so it takes a role in all of them. Nothing here is from a client, and no path: labels are the
 * route table's templates, closed sets, and names that an admin gave.
 */
export const getMetrics: Endpoint = {
  summary: "Metrics as Prometheus reads them",
  answers: z.string().meta({ id: "Metrics" }),
  async handle({ parts }) {
    const registries = [parts.metrics.registry, await fleetMetrics(parts), processMetrics()];
    const body = await Registry.merge(registries).metrics();
    return new Response(body, { headers: { "content-type": Registry.PROMETHEUS_CONTENT_TYPE } });
  },
};

type Placed = { readonly organization: string; readonly record: EnvironmentRecord };

/** What stands at the moment of the scrape, looked up for it. */
async function fleetMetrics(parts: ControlParts): Promise<Registry> {
  const registry = new Registry();
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Gauge({ name: `wherefrom_control_${name}`, help, labelNames, registers: [registry] });
  const all = await environmentsOf(parts);
  gauge("environments", "Environments, of all organizations").set(all.length);
  gauge("streams", "Event streams that are open to this control").set(parts.publisher.streams());
  const place = ["organization", "environment"] as const;
  const revisions = gauge("environment_revision", "The newest revision", place);
  const staged = gauge("rollout_staged", "1 while some gateways try a change first", place);
  const misfits = gauge("policy_misfit", "1 while the policy does not fit its traffic", place);
  const gateways = gauge("gateways", "Gateways that are heard of, by how far they are", [...place, "state"] as const);
  const misfitting = new Set((await parts.store.fitCourses.list()).flatMap(({ uid, course }) => (course.open === undefined ? [] : [uid])));
  for (const { organization, record } of all.slice(0, parts.limits.maxMeasuredEnvironments)) {
    const labels = { organization, environment: record.name };
    revisions.set(labels, record.revision);
    staged.set(labels, Number(record.stage !== undefined));
    misfits.set(labels, Number(misfitting.has(record.uid)));
    const rollout = rolloutOf(record, await parts.fleet.of(organization, record.name));
    for (const state of STATES) gateways.set({ ...labels, state }, rollout.gateways.filter((gateway) => gateway.state === state).length);
  }
  return registry;
}

async function environmentsOf({ store }: ControlParts): Promise<readonly Placed[]> {
  const organizations = await store.organizations();
  const standing = await Promise.all(organizations.map(({ name }) => store.of(name).readAll()));
  return standing.flatMap(({ organization, environments }) =>
    [...environments.values()].map((record) => ({ organization: organization.name, record })),
  );
}
