import { z } from "zod";
import { type Endpoint, jsonAnswer } from "../http/endpoint.ts";

const LINKS = {
  organizations: "/v1/organizations",
  reference: "/reference",
  openapi: "/openapi.json",
  discovery: "/$discovery/rest?version=v1",
};

/** Where a person or a program starts. */
export const getIndex: Endpoint = {
  summary: "What this service is and where its parts are",
  answers: z.object({ service: z.string(), links: z.record(z.string(), z.string()) }).meta({ id: "Index" }),
  handle: () => Promise.resolve(jsonAnswer({ service: "wherefrom-control", links: LINKS })),
};
