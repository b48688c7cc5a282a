export { type Started, start } from "../../packages/doctor/src/lab/process/started.ts";
