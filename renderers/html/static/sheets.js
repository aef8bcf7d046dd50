/* Records of a form side by side, of which some do not exist yet: out of sight of all rules until something is entered in
   them, and again once they are empty. Needs record.js. */
(function (root) {
  'use strict';
  const rules = typeof module === 'object' ? require('./record.js') : root.ecrfRules;

  function sheets(engine, state) {
    const { change } = engine, ranks = new Map(engine.nodes.map((node, place) => [node, state.nodes[place].rank ?? place]));
    const inOrder = (one, other) => ranks.get(one) - ranks.get(other);
    for (const page of engine.pages) page.absent = [...page.waiting]; // its occurrence, if it stands in one, and itself

    engine.reaches = ({ page }) => page === engine.page; // nothing is filled in where nobody is typing

    function join(page) {
      for (const node of page.waiting.splice(0)) {
        engine.hang(node);
        node.scope.nodes.sort(inOrder);
        node.parent.kids[node.scope.id].sort(inOrder);
      }
      engine.steps.forEach((step) => engine.settleAll(step));
      engine.index(page);
    }
    function leave(page) {
      const { focus } = page;
      page.waiting = [...page.absent];
      engine.uproot(page.absent[0]);
      for (const id of focus.standing) page.offered.set(id, null);
      Object.assign(focus, { entries: null, entered: {}, values: {}, offers: {}, standing: new Set() });
      Object.assign(page, { entries: [], found: [] });
      engine.steps.forEach((step) => engine.settleAll(step));
    }
    const isEmpty = ({ entered, standing }) => Object.keys(entered).every((id) => standing.has(id)); // offers alone are no record

    engine.change = (path, value) => {
      const { page } = engine, arrives = page.waiting.length > 0;
      if (arrives) join(page);
      change.call(engine, path, value);
      const leaves = page.absent.length > 0 && isEmpty(page.focus);
      if (leaves) leave(page); else if (arrives) engine.offer(engine.propagate(new Map(engine.keysOf(page.focus.scope))));
      if (arrives || leaves) engine.judgeAll();
    };
    return engine;
  }

  rules.sheets = sheets;
  if (typeof module === 'object') module.exports = rules;
}(globalThis));
