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

// A query looks at all rows of a table, whatever it asks for: that of one partition begins with the partition's here.
const Tables = require(path.join(path.dirname(process.argv[1]), "table", "persistence", "LokiTableMetadataStore.js")).default;
const ONE_PARTITION = /^\(*PartitionKey eq '([^']*)'\)*(?: and |$)/;
const query = Tables.prototype.queryTableEntities;
Tables.prototype.queryTableEntities = function (context, account, table, options, ...next) {
  const filter = (options && options.filter) || "";
  const found = ONE_PARTITION.exec(filter);
  const others = filter.replace(/'[^']*'/g, "");
  if (!found || /\b(or|not)\b/i.test(others)) return query.call(this, context, account, table, options, ...next);
  const rows = Object.create(this.getEntityCollection(account, table, context));
  rows.chain = () => Loki.Collection.prototype.chain.call(rows).find({ PartitionKey: found[1] });
  const narrowed = Object.create(this, { getEntityCollection: { value: () => rows } });
  return query.call(narrowed, context, account, table, options, ...next);
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
