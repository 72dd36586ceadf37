// Loaded before Azurite. It ends Azurite when the stack dies, however it dies, and tells it of new accounts:
// Azurite reads AZURITE_ACCOUNTS again from time to time, so nothing has to be restarted. And it saves a large index
// less often: Azurite writes all of it every five seconds, and answers nobody meanwhile.
"use strict";

const path = require("path");

const constants = require(path.join(path.dirname(process.argv[1]), "common", "utils", "constants.js"));
constants.DEFAULT_ACCOUNTS_REFRESH_INTERVAL = 100;

const Loki = require(require.resolve("lokijs", { paths: [process.argv[1]] }));
const PAUSE = 20; // times as long as the last save took; its orderly end saves in any case
const save = Loki.prototype.saveDatabaseInternal;
Loki.prototype.saveDatabaseInternal = function (callback) {
  const began = Date.now();
  save.call(this, (error) => {
    this.ignoreAutosave = true;
    setTimeout(() => (this.ignoreAutosave = false), PAUSE * (Date.now() - began)).unref();
    if (callback) callback(error);
    else if (error) throw error;
  });
};

let pending = "";
process.stdin.unref(); // it must not keep Azurite alive when it is asked to end
process.stdin.setEncoding("utf8");
process.stdin.on("data", (text) => {
  const lines = (pending + text).split("\n");
  pending = lines.pop();
  for (const line of lines) process.env.AZURITE_ACCOUNTS = line;
});
process.stdin.on("end", () => {
  process.kill(process.pid, "SIGTERM");
  setTimeout(() => process.kill(process.pid, "SIGKILL"), 5000).unref(); // should its orderly end hang
});
