/* Opens a form's rules under Node and times changes of one field: a JSON file in, milliseconds out. */
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const rules = require(path.join(__dirname, '../renderers/html/static/record.js'));

const { program, state, edits } = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const begun = performance.now();
const session = rules.open(program, state);
const opened = performance.now() - begun;
const taken = edits.map(([at, value]) => {
  const start = performance.now();
  session.set(at, value);
  session.patch();
  return performance.now() - start;
});
process.stdout.write(JSON.stringify({ opened, taken }));
