export { until } from "../../packages/doctor/src/lab/process/until.ts";
