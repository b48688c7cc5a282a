import { z } from "zod";
import { hashKeyOf } from "../event-privacy.ts";
import { clientText, numberOfAddress } from "../event-store/stored-address.ts";
import { refuseFaults } from "../http/api-error.ts";
import { type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { violationsOf } from "../http/violations.ts";
import { environmentName } from "./environment-json.ts";
import { requireEnvironment } from "./environments.ts";
import { requireEventStore } from "./require-event-store.ts";

const EXPECTED_ADDRESS = "Expected an IPv4 or IPv6 address";

const requestSchema = z
  .strictObject({ address: z.string(EXPECTED_ADDRESS).refine((text) => numberOfAddress(text) !== undefined, EXPECTED_ADDRESS) })
  .meta({ id: "DeleteEventsRequest" });

const answerSchema = z.object({ deletedEvents: z.int(), deletedIncidents: z.int() }).meta({ id: "DeleteEventsResponse" });

/** Each call has an entry in the audit log. Also the incidents of the client that it is of, and the results of all queries of the environment. Not those of which a network is kept, as they name nobody. What gateways have not delivered yet comes later. */
export const deleteEvents: Endpoint = {
  summary: "Deletes the events that name an address: as the client, as a proxy, or in a header; and incidents of it",
  takes: requestSchema,
  answers: answerSchema,
  async handle(call) {
    const { organization, parts, store, param } = call;
    const body = await call.body();
    const parsed = requestSchema.safeParse(body);
    if (!parsed.success) refuseFaults(violationsOf(parsed.error, body));
    const { address } = requestSchema.parse(body);
    const eventStore = requireEventStore(call);
    const environment = await requireEnvironment(store, param("env"));
    const key = { organization, environment: environment.name };
    // Before anything is gone. Without the address, and without a hash that addresses could be tried by: whoever it is of wants to be forgotten.
    await store.noteDeletion({
      ...call.stamp(),
      resource: `${environmentName(organization, environment.name)}/events`,
      revision: environment.revision,
      content: { uid: environment.uid },
    });
    const deletedEvents = await eventStore.deleteAddress(key, { address, hashKey: hashKeyOf(parts, environment) });
    // a result may name it
    await parts.store.queries.removeResults(key);
    const number = numberOfAddress(address);
    const deletedIncidents = number === undefined ? 0 : await parts.store.incidents.removeClient(key, clientText(number));
    return jsonAnswer({ deletedEvents, deletedIncidents });
  },
};
