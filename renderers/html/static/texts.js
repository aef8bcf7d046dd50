/* Values piped into labels, hints, titles and messages, live; the twin of engine/records/piping.py. Needs record.js. */
(function (root) {
  'use strict';
  const rules = typeof module === 'object' ? require('./record.js') : root.ecrfRules;

  /* What the texts of a session say: `engine.texts()` maps `path#part` to a text, messages of checks are told with their values. */
  function pipe(engine) {
    const texts = engine.program.texts.map((text) => ({ ...text, scope: engine.scopes[text.scope], holes: text.holes.map(([term, shown]) => [rules.build(term), shown]) }));
    const rows = new Map(texts.filter(({ part }) => part === 'row').map((text) => [text.scope, text]));
    const messages = new Map(texts.filter(({ part }) => part === 'message').map((text) => [text.id, text]));
    const labels = new Map(texts.filter(({ part }) => part === 'label').map((text) => [`${text.scope.form}.${text.id}`, text]));
    const strip = (text) => text.replace(/^[ ,.;:\u2013-]+|[ ,.;:\u2013-]+$/g, '');

    /* Not deep: without what a row refers to, as rows may refer to each other. */
    function told([run, shown], node, deep) {
      const value = run(engine.frame(node));
      if (value === null) return '';
      return shown.kind !== 'reference' ? engine.inWords(shown, value) : deep ? title(value) : '';
    }
    function title(key) {
      const node = engine.world.rows.get(key), text = node && rows.get(node.scope);
      const name = engine.rowName(key);
      return (text && filled(text, node, false)) || (name === key ? '' : name);
    }
    function filled(text, node, deep = true) {
      const row = text.part === 'row', values = text.holes.map((hole) => told(hole, node, deep) || (row ? '' : '\u2026'));
      if (text.units) values.forEach((value, place) => { values[place] = Object.hasOwn(text.units, value) ? text.units[value] : value; });
      const whole = text.between.map((piece, place) => piece + (values[place] || '')).join('');
      return row ? strip(whole) : whole;
    }

    const { violation, faults } = engine;
    engine.violation = (check, part, node, home) => {
      const found = violation.call(engine, check, part, node, home), text = messages.get(check.id);
      return text ? { ...found, message: filled(text, node) } : found;
    };
    engine.faults = (entry) => {
      const { item, node } = entry, text = item && labels.get(item.key);
      return faults.call(engine, text ? { ...entry, item: { ...item, label: filled(text, node) } } : entry);
    };
    engine.texts = () => {
      const found = {};
      for (const text of texts) {
        if (text.part === 'message') continue;
        for (const node of text.scope.nodes) {
          if (engine.page.shown && !engine.page.shown.has(text.part === 'row' ? node.parent : node)) continue;
          const path = rules.pathOf(node), words = node.entries && filled(text, node);
          if (words) found[`${text.part === 'row' ? path : path + (path && '.') + text.id}#${text.part}`] = words;
        }
      }
      return found;
    };
    if (messages.size || labels.size) engine.judgeAll();
    return engine;
  }

  rules.pipe = pipe;
  if (typeof module === 'object') module.exports = rules;
}(globalThis));
