/* Runs rules.js, record.js and texts.js under Node for the tests: one JSON request a line in, one answer a line out. */
'use strict';
const path = require('node:path');
const rules = require(path.join(__dirname, '../../renderers/html/static/texts.js'));
require(path.join(__dirname, '../../renderers/html/static/sheets.js'));
let session = null;
const answers = {
  tables: () => Object.fromEntries(['OPERATORS', 'AGGREGATORS', 'LIBRARY'].map((name) => [name, Object.keys(rules[name])]).concat([['LOOSE', [...rules.LOOSE]]])),
  terms: ({ program, records, jobs }) => {
    const sessions = records.map((state) => rules.open(program, state)), runs = new Map();
    return jobs.map(([record, node, term]) => {
      const text = JSON.stringify(term);
      if (!runs.has(text)) runs.set(text, rules.build(term));
      const here = sessions[record];
      return rules.encode(runs.get(text)(here.frame(here.nodes[node])));
    });
  },
  parse: ({ zone, cases }) => {
    rules.zone(zone);
    return cases.map(([type, text, facets]) => { const read = rules.parse(type, text, facets); return { ...read, value: rules.plain(read.value === undefined ? null : read.value) }; });
  },
  open: ({ program, state }) => { session = rules.sheets(rules.pipe(rules.open(program, state)), state); return session.evaluation(); },
  set: ({ at, value }) => { session.set(at, value); return session.evaluation(); },
  turn: ({ place }) => { session.turn(place); return session.page.waiting.length ? null : session.evaluation(); },
  add: ({ at, group, row }) => { session.addRow(at, group, row); return session.evaluation(); },
  remove: ({ at }) => { session.removeRow(at); return session.evaluation(); },
  entered: ({ items }) => Object.fromEntries(items.map((at) => [at, rules.encode(session.find(at).entered[at.split('.').pop()] ?? null)])),
  quiet: ({ violations }) => violations.map((each) => session.isQuiet(each)),
  patch: () => session.patch(),
  show: ({ paths }) => { session.show(paths); return true; },
  texts: () => session.texts(),
  tell: ({ violations }) => session.tell(violations),
};
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  let answer;
  try { const request = JSON.parse(line); answer = { answer: answers[request.do](request) }; } catch (fault) { answer = { fault: String(fault.stack) }; }
  process.stdout.write(JSON.stringify(answer) + '\n');
});
