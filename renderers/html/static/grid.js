/* Records of a form side by side: what rules say of each is shown in its cells while one types. form.js keeps working copies
   and the save state, gridkeys.js has the keyboard and the clipboard. A cell holds one text; renderers/html/cells.py reads alike. */
(function () {
  'use strict';
  const page = globalThis.ecrfForm, given = document.getElementById('grid-state');
  if (!page || !given) return;
  const { form, all, find, copy, blank, count, say, words, touch } = page;
  const { columns, cells: kinds, state } = JSON.parse(given.textContent);
  const polish = form.dataset.language === 'pl';

  /* --- cells: by name, and as rows of columns ------------------------------------------------------------------------ */
  const cells = new Map();
  const rows = all('[data-grid] tr[data-row]').map((row, place) => all('[data-cell]', row).map((td, column) => {
    const name = td.dataset.cell, item = row.dataset.row, box = find('.in', td);
    const cell = { td, box, name, item, place, column, kind: kinds[item], label: find('[data-label]', row).textContent, said: find('.said', td), output: find('output', td) };
    cells.set(name, cell);
    return cell;
  }));
  const cellOf = (element) => { const td = element && element.closest && element.closest('[data-cell]'); return td ? cells.get(td.dataset.cell) : null; };
  const isOpen = (cell) => Boolean(cell.box) && !cell.td.classList.contains('off');
  const textOf = (cell) => (cell.box ? cell.box.value : cell.output.textContent);

  /* --- texts: what stands in a cell, as rules take it and as it is shown once one has left it -------------------------- */
  function reasonOf({ reasons, codes, inWords }, text) {
    const marked = /^\s*\[(.*)\]\s*$/s.exec(text), typed = (marked ? marked[1] : text).trim().toLowerCase();
    if (!marked && (inWords || typed in codes)) return null;
    return Object.hasOwn(reasons, typed) ? reasons[typed] : null;
  }
  function codesIn({ control, codes }, text) {
    const find = (part) => (Object.hasOwn(codes, part.trim().toLowerCase()) ? codes[part.trim().toLowerCase()] : part.trim());
    if (control === 'choice' || find(text) !== text.trim()) return [find(text)];
    return text.split(text.includes(';') ? ';' : ',').map(find);
  }
  function raw({ kind, box }) {
    const text = box.value, missing = reasonOf(kind, text);
    if (missing) return { text: '', codes: [], parts: {}, missing };
    if (/choice/.test(kind.control) && text.trim()) { const codes = codesIn(kind, text); return { text: codes[0], codes, parts: {}, missing: null }; }
    if (!/date/.test(kind.control)) return { text, codes: [], parts: {}, missing: null };
    const [, day, clock = ''] = /^([^ T]*)(?:[ T](.*))?$/s.exec(text.trim()) || [null, text];
    return { text, codes: [], parts: kind.control === 'datetime' ? { y: day, t: clock } : { y: text.trim() }, missing: null };
  }
  /* As it reads once it is entered: words for codes, 17.03.2025 for 17032025, 09:10 for 0910. */
  function settled({ kind }, text) {
    const missing = reasonOf(kind, text), typed = text.trim();
    if (missing) return `[${kind.missing[missing]}]`;
    if (/choice/.test(kind.control) && typed) return codesIn(kind, text).map((code) => kind.words[code] || code).join('; ');
    if (kind.control === 'time') return typed.replace(/^(\d\d?)[:.]?(\d\d)$/, (_, hour, minute) => `${hour.padStart(2, '0')}:${minute}`);
    return kind.moment ? typed.replace(/^(\d\d)(\d\d)(\d{4})\b/, '$1.$2.$3') : text;
  }
  /* What a default offers, as the interpreter tells it. */
  function offeredText({ kind }, values) {
    const local = (text) => (polish && kind.moment ? text.replace(/^(\d{4})-(\d\d)-(\d\d)/, '$3.$2.$1').replace('T', ' ').slice(0, 16) : text);
    return values.map((value) => kind.words[value] || local(value)).join('; ');
  }

  /* --- what rules say ------------------------------------------------------------------------------------------------- */
  let engine = null;
  const early = new Set(), filled = []; // cells that were typed in before the rules had come; cells that a default has filled in
  async function openRules() {
    const program = await (await fetch(form.dataset.program)).json(), { open, pipe, sheets } = globalThis.ecrfRules;
    engine = sheets(pipe(open(program, state)), state);
    find('[name=__live]').value = 'yes';
    if (early.size) judge([...early]);
  }
  function judge(changed) {
    changed.forEach(send);
    if (!engine) { changed.forEach((cell) => early.add(cell)); return; }
    for (const cell of changed) engine.turn(cell.column).change(cell.item, cell.box.value.trim() ? raw(cell) : null);
    show();
  }
  const isUnfilled = ({ code }) => code === 'required' || code === 'rows';
  function show() {
    const open = [];
    columns.forEach((column, place) => {
      const here = engine.turn(place), own = rows.map((row) => row[place]), waits = here.page.waiting.length > 0;
      const patch = here.patch();
      for (const [item, values] of Object.entries(patch.offered)) fillIn(cells.get(`${column.key}.${item}`), values);
      const said = waits ? [] : patch.violations.filter((issue) => 'strict' in form.dataset || !(isUnfilled(issue) || here.isQuiet(issue)));
      const visible = new Set(patch.visible), required = new Set(patch.required);
      for (const cell of own) {
        if (!waits) cell.td.classList.toggle('off', !visible.has(cell.item));
        if (cell.box && !waits) mark(cell.box, 'aria-required', required.has(cell.item));
        if (cell.output && !waits) cell.output.textContent = patch.calculated[cell.item] ?? '';
        open.push(...tell(cell, said.filter((issue) => !issue.where && issue.item === cell.item), column));
      }
      open.push(...said.filter((issue) => issue.where || !issue.item).map((issue) => ({ issue, column, name: `${column.key}.`, href: issue.where ? issue.where.href : `#c-${column.key}`, title: issue.where ? issue.where.text : say('gridWhole', column) })));
    });
    list(open);
  }
  function mark(element, name, on) { if (on) element.setAttribute(name, 'true'); else element.removeAttribute(name); }
  function fillIn(cell, values) {
    const before = cell.box.value, text = offeredText(cell, values);
    cell.box.value = text;
    send(cell);
    cell.td.classList.toggle('put', values.length > 0);
    filled.push({ cell, before, after: text });
  }

  /* Messages of one cell. Half a number is no fault: what was not yet said of a cell is said when one leaves it. */
  function tell(cell, issues, column) {
    const isTyped = cell.box === document.activeElement && !cell.said.childElementCount && cell.box.value !== cell.box.dataset.before;
    const shown = isTyped ? [] : issues;
    cell.said.replaceChildren(...shown.map((issue) => page.message(issue)));
    const owner = cell.box || cell.output;
    if (shown.length) owner.setAttribute('aria-describedby', cell.said.id); else owner.removeAttribute('aria-describedby');
    return shown.map((issue) => ({ issue, column, cell, name: cell.name, href: '#' + cell.name, title: say('gridIn', { label: cell.label, title: column.title }) }));
  }
  /* The list of all that waits for somebody, with the answers that warnings ask for: those already there stay. */
  const issueList = find('[data-grid-issues]');
  function list(open) {
    const seen = new Set(), once = open.filter(({ issue, name }) => { const known = (issue.where ? '' : name) + issue.key + (issue.where ? issue.where.href : ''); return !seen.has(known) && seen.add(known); });
    const now = JSON.stringify(once.map(({ issue, name, title }) => [name, issue.key, issue.message, title]));
    if (now !== listed) relist(once);
    listed = now;
    weigh(once);
  }
  let listed = '';
  function relist(once) { // only where it differs: who is about to press a link would miss it
    const kept = new Map(all('[data-key]', issueList).map((element) => [element.closest('li').dataset.issue + element.dataset.key, element]));
    const focused = document.activeElement;
    const entries = once.map((each) => { const entry = line(each); if (each.issue.severity !== 'error') entry.append(kept.get(each.name + each.issue.key) || blank(each.issue, each.name)); return entry; });
    if (entries.length) issueList.replaceChildren(...entries); else issueList.replaceChildren(copy('t-no-issue'));
    if (focused !== document.activeElement && issueList.contains(focused)) focused.focus();
  }
  function line({ issue, name, href, title }) {
    const entry = copy(issue.severity === 'error' ? 't-issue-error' : 't-issue-warning').firstElementChild, link = find('a', entry);
    entry.dataset.issue = name;
    link.href = href;
    link.textContent = title;
    link.before(' ');
    find('span', entry).textContent = issue.message;
    find('span', entry).before(' ');
    return entry;
  }
  const isAnswered = (element) => { const box = element && find('input, textarea', element); return Boolean(box) && (box.type === 'checkbox' ? box.checked : box.value.trim() !== ''); };
  let latest = [];
  function weigh(open) {
    latest = open;
    const waiting = open.filter(({ issue, name }) => issue.severity === 'error' || !isAnswered(all('[data-key]', issueList).find((each) => each.dataset.key === issue.key && each.closest('li').dataset.issue === name)));
    for (const cell of cells.values()) {
      const own = waiting.filter((each) => each.cell === cell), bad = own.some(({ issue }) => issue.severity === 'error');
      cell.td.classList.toggle('bad', bad);
      cell.td.classList.toggle('soft', !bad && own.length > 0);
      if (!cell.box) continue;
      mark(cell.box, 'aria-invalid', bad);
      cell.box.classList.toggle('soft', !bad && own.length > 0);
    }
    const errors = waiting.filter(({ issue }) => issue.severity === 'error').length;
    find('[data-count]').textContent = waiting.length;
    find('.dock [data-tally]').replaceChildren(...[['errors', errors, 't-tally-error'], ['warnings', waiting.length - errors, 't-tally-warning']].filter(([, number]) => number).map(([key, number, id]) => {
      const part = copy(id);
      find('[data-text]', part).textContent = count(key, number);
      return part;
    }));
  }

  /* Only what was touched is sent: other columns, and cells that others may have changed meanwhile, stay as they are stored. */
  const sent = new Set();
  function send({ name }) { sent.add(name).add(name.split('.')[0]); }
  form.addEventListener('formdata', ({ formData }) => {
    for (const name of new Set(formData.keys())) {
      const key = name.split('.')[0];
      if (/^__|\.__revision$|\.__clear$/.test(name) || !columns.some((column) => column.key === key)) continue;
      if (!sent.has(key) || (cells.has(name) && !sent.has(name))) formData.delete(name);
    }
  });

  /* --- typing, and what the server answers ------------------------------------------------------------------------------ */
  form.addEventListener('input', (event) => {
    const cell = cellOf(event.target);
    if (cell && event.target === cell.box) { cell.td.classList.remove('put'); judge([cell]); } else if (/__(ack|why)/.test(event.target.name)) { sent.add(event.target.name.split('.')[0]); if (engine) weigh(latest); }
  });
  form.addEventListener('focusout', (event) => { if (engine && cellOf(event.target)) setTimeout(show); });
  form.addEventListener('kept', ({ detail }) => {
    for (const [key, told] of Object.entries(detail.columns || {})) {
      const place = columns.findIndex((column) => column.key === key);
      if (!engine || place < 0 || engine.turn(place).page.waiting.length) continue;
      rename(engine.page.focus, told.record);
      engine.tell(told.violations);
    }
    if (engine) show();
  });
  /* A record that was made just now goes by the key that the server gave it: answers to warnings hang on it. */
  function rename(node, key) {
    if (node.key === key) return;
    engine.world.rows.delete(node.key);
    node.key = key;
    engine.world.rows.set(key, node);
    engine.judgeAll();
  }

  find('[data-scroll]').scrollLeft = find('[data-scroll]').scrollWidth;
  globalThis.ecrfGrid = { rows, columns, cells, cellOf, isOpen, textOf, settled, judge, filled, touch };
  judge([...cells.values()].filter(({ box }) => box && box.value !== box.defaultValue)); // whoever was quicker than this script
  openRules();
}());
