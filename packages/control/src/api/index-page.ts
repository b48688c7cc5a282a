import { z } from "zod";
import { type Endpoint, jsonAnswer } from "../http/endpoint.ts";

/** Where a person or a program starts. */
export const getIndex: Endpoint = {
  summary: "What this service is and where its parts are",
  answers: z.object({ service: z.string(), organization: z.string(), links: z.record(z.string(), z.string()) }),
  handle: ({ parts: { organization } }) =>
    Promise.resolve(
      jsonAnswer({
        service: "wherefrom-control",
        organization,
        links: {
          environments: `/v1/organizations/${organization}/environments`,
          operations: `/v1/organizations/${organization}/operations`,
          openapi: "/openapi.json",
        },
      }),
    ),
};
