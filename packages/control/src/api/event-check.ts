import { type TrafficEvent, trafficEventSchema } from "@wherefrom/model";
import { z } from "zod";

/** Whether a value is an event. */
export type EventCheck = (value: unknown) => value is TrafficEvent;

let made: Promise<EventCheck> | undefined;

/**
 * A quick look at a value, compiled from `trafficEventSchema`. Where it says yes, the schema takes the value and gives it back as it is. It does not say what is wrong;
 * where it says no the schema is to be asked, which may take the value all the same: without the fields that nobody knows, or with a text that is long only when
 * each half of a surrogate pair counts. To ask the schema each time would cost more than all else that control does with an event.
 *
 * Made when the first one asks: it takes a moment that a control without events need not wait.
 */
export function eventCheck(): Promise<EventCheck> {
  made ??= compile();
  return made;
}

async function compile(): Promise<EventCheck> {
  const { Ajv2020 } = await import("ajv/dist/2020.js");
  // with `unicode`, each text would be gone through to count its characters
  return new Ajv2020({ unicode: false, logger: false }).compile<TrafficEvent>(z.toJSONSchema(trafficEventSchema));
}
