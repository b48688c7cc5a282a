export { here, type Place } from "../../packages/doctor/src/lab/process/place.ts";
