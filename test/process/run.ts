export { type Ran, type RunOptions, run, runWell } from "../../packages/doctor/src/lab/process/run.ts";
