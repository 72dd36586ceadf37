// What Kusto makes of queries, by its own parser and analyser (@kusto/language-service-next).
//
// stdin:  [{"tables": {name: {column: type}}, "queries": [text]}]
// stdout: [[{"diagnostics": [{"severity", "code", "line", "column", "text", "message"}], "columns": [[name, type]]}]]
//
// `columns` are those of the answer, in order; null where Kusto cannot tell them.
'use strict';

const fs = require('fs');

// Both put their names (Bridge, Kusto) into the global object.
require('@kusto/language-service-next/bridge.min.js');
require('@kusto/language-service-next/Kusto.Language.Bridge.min.js');

const { GlobalState, KustoCode, Symbols } = globalThis.Kusto.Language;

const batches = JSON.parse(fs.readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(batches.map(({ tables, queries }) => {
  const globals = globalsOf(tables);
  return queries.map((query) => analysed(query, globals));
})));

function globalsOf(tables) {
  const symbols = Object.entries(tables).map(([name, columns]) => {
    const schema = Object.entries(columns).map(([column, type]) => `['${column}']: ${type}`);
    return Symbols.TableSymbol.From(`(${schema.join(', ')})`).WithName(name);
  });
  return GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor('workspace', symbols));
}

function analysed(query, globals) {
  const code = KustoCode.ParseAndAnalyze(query, globals);
  const diagnostics = listed(code.GetDiagnostics()).map((one) => ({
    severity: one.Severity,
    code: one.Code,
    ...position(query, one.Start),
    text: query.slice(one.Start, one.Start + one.Length),
    message: one.Message,
  }));
  const columns = code.ResultType && code.ResultType.Columns;
  return { diagnostics, columns: columns ? listed(columns).map((c) => [c.Name, c.Type.Name]) : null };
}

function position(query, start) {
  const before = query.slice(0, start).split('\n');
  return { line: before.length, column: before[before.length - 1].length + 1 };
}

function listed(list) {
  return Array.from({ length: list.Count }, (_, index) => list.getItem(index));
}
