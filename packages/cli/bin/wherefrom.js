#!/usr/bin/env node
// Old syntax on purpose: an outdated Node must get as far as the message below, and not stop at a syntax error.
var needed = [20, 19];
var parts = process.versions.node.split(".");
var major = Number(parts[0]);
var minor = Number(parts[1]);

function refuse(message) {
  process.stderr.write(message + "\n");
  process.exitCode = 3;
}

if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  refuse(
    "Wherefrom needs Node " +
      needed.join(".") +
      " or newer, and this is Node " +
      process.versions.node +
      ". Install a newer one from https://nodejs.org/ and try again",
  );
} else {
  import("../dist/main.js").then(
    function (cli) {
      return cli.main(process.argv.slice(2)).then(function (code) {
        process.exitCode = code;
      });
    },
    function (error) {
      if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
      refuse(
        "Wherefrom is not built or its packages are not installed: run npm ci and npm run build in its folder (" +
          error.message.split("\n")[0] +
          ")",
      );
    },
  );
}
