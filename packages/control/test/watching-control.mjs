import { openControl } from "@wherefrom/control";

// Program: a control in a process of its own, so that it can be killed. Takes its options as JSON; tells its URL, a token that may do everything, and notices.
const [options] = process.argv.slice(2);
const control = await openControl({
  listen: { host: "127.0.0.1", port: 0 },
  organization: "local",
  ...JSON.parse(options),
  onNotice: ({ error, ...notice }) => process.send({ notice: { ...notice, ...(error && { error: String(error) }) } }),
});
process.send({ url: control.url, token: control.issueKey({ name: "test", role: "admin", organization: "-" }) });
