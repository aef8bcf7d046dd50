/* The form page with scripts: autosave, missing reasons, and what rules say, shown at once. keys.js has the keyboard.
   Everything here also works without it, by posting the form. No rule is written here: evaluations come as data, from
   the browser's interpreter (rules.js) or from the server's answer to an autosave; see applyEvaluation. */
(function () {
  'use strict';
  const form = document.getElementById('entry');
  if (!form) return;
  const words = document.getElementById('t-words').dataset;
  const language = form.dataset.language;
  const plurals = new Intl.PluralRules(language);
  const find = (selector, root) => (root || form).querySelector(selector);
  const all = (selector, root) => [...(root || form).querySelectorAll(selector)];
  const copy = (id) => document.getElementById(id).content.cloneNode(true);
  const byName = (name) => all('[name]').filter((element) => element.name === name);

  function say(key, parts) {
    return words[key].replace(/\{(\w+)\}/g, (whole, name) => (name in parts ? parts[name] : whole));
  }
  function count(key, number, parts) {
    const forms = words[key].split('|');
    const place = { one: 0, few: 1 }[plurals.select(number)];
    const chosen = forms[place === undefined ? forms.length - 1 : Math.min(place, forms.length - 1)];
    return chosen.replace(/\{(\w+)\}/g, (whole, name) => (name === 'number' ? number : (parts || {})[name]));
  }

  /* --- save state and autosave ------------------------------------------------------------------------------- */
  const saved = document.querySelector('[data-save]');
  const TONES = { saved: 'ok', offline: 'warn', conflict: 'err', refused: 'err', too_long: 'err' };
  const save = { dirty: false, underway: null, timer: 0, wait: 1000, edits: 0, leaving: false, stopped: false, kept: false, held: false, flight: null, shown: '' };

  function showSave(state, time) {
    saved.dataset.save = state;
    saved.className = 'saved st ' + (TONES[state] || 'x');
    for (const part of all('[data-state]', saved)) {
      part.hidden = part.dataset.state !== state;
      if (state === 'copy' && !part.hidden && time) part.lastChild.data = say('copy', { time });
    }
  }
  function touch() {
    save.dirty = true;
    save.edits += 1;
    save.kept = false;
    const chip = find('.head .chip');
    if (chip) chip.replaceWith(copy('t-chip-draft'));
    if (!form.dataset.autosave || save.stopped) { showSave('unsaved'); return; }
    if (['saved', 'copy', 'new'].includes(saved.dataset.save)) showSave('unsaved');
    clearTimeout(save.timer);
    save.timer = setTimeout(send, 800);
  }
  function body() {
    const fields = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === 'string' && name !== '__do') fields.append(name, value);
    fields.append('__do', 'autosave');
    return fields;
  }
  /* One at a time: who waits for it learns from the one that is under way. */
  function send(last) {
    if (!save.underway || last) save.underway = transmit(last === true).finally(() => { save.underway = null; });
    return save.underway;
  }
  async function transmit(last) {
    if (!save.dirty || save.stopped || save.leaving || !form.dataset.autosave) return;
    const edits = save.edits;
    save.flight = new AbortController();
    showSave('saving');
    try {
      const answer = await fetch(form.dataset.autosave, {
        method: 'POST', body: body(), headers: { 'X-Requested-With': 'fetch', Accept: 'application/json' }, keepalive: last, signal: save.flight.signal,
      });
      if (answer.status >= 500 || answer.status === 429) throw new Error(String(answer.status));
      const told = await answer.json();
      signedOut(answer.status === 401 ? told : null);
      if (answer.ok) accept(told, edits); else refuse(answer.status, told, edits);
    } catch (fault) {
      if (save.leaving) return; // what is being sent with the page holds it all
      save.held = fault instanceof TypeError; // no answer at all: a page that is sent now would be lost
      showSave('offline');
      save.timer = setTimeout(send, save.wait + Math.random() * 500);
      save.wait = Math.min(save.wait * 2, 60000);
    }
  }
  /* What was sent is kept in all these cases but the last: typing goes on, and is sent again when that can help. */
  function refuse(status, told, edits) {
    if (told.href) tellStray(told);
    if (status === 409 && told.kept) { save.dirty = edits !== save.edits; showSave('conflict'); return; }
    if (status === 419 && told.csrf_token) { // somebody signed in again since the page was made
      for (const field of document.querySelectorAll('[name=csrf_token]')) field.value = told.csrf_token;
      save.held = false;
      save.timer = setTimeout(send, save.wait);
      save.wait = Math.min(save.wait * 2, 60000);
    } else if (status === 401) {
      save.kept = told.kept && edits === save.edits;
      save.held = !told.kept;
      showSave('unsaved');
      save.timer = setTimeout(send, 20000);
    } else if (status === 413) showSave('too_long'); // the next edit may be shorter
    else { save.stopped = true; showSave('refused'); }
  }
  function tellStray(told) { // the form stands elsewhere now, or nowhere
    const link = document.querySelector('[data-stray]');
    link.href = told.href;
    link.lastChild.textContent = told.message;
    link.hidden = false;
  }
  function signedOut(told) {
    const link = document.querySelector('[data-signed-out]');
    if (!link) return;
    link.hidden = !told;
    if (!told) return;
    link.href = told.sign_in;
    for (const part of all('[data-kept]', link)) part.hidden = (part.dataset.kept === 'yes') !== told.kept;
  }
  addEventListener('focus', () => { const link = document.querySelector('[data-signed-out]'); if (link && !link.hidden) send(); });
  function accept(answer, edits) {
    save.wait = 1000;
    save.held = false;
    if (answer.revision !== undefined) find('[name=__revision]').value = answer.revision;
    if (edits !== save.edits) { save.timer = setTimeout(send, 800); return; } // typed meanwhile: this answer is old
    save.dirty = false;
    showSave('copy', answer.saved);
    form.dispatchEvent(new CustomEvent('kept', { detail: answer }));
    if (!answer.evaluation) return;
    if (engine) engine.tell(answer.evaluation.violations); // rules that only the server can run stand until it says otherwise
    applyEvaluation(answer.evaluation);
  }
  addEventListener('online', () => { save.wait = 1000; send(); });
  document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'hidden') send(true); });
  addEventListener('beforeunload', (event) => {
    if (save.dirty && !save.kept && !save.leaving) { event.preventDefault(); event.returnValue = words.leave; }
    setTimeout(() => { if (event.defaultPrevented && save.leaving) stay(); }); // runs once it was answered
  });
  function stay() { // something else on the page was not sent, and whoever was asked may have stayed: saving goes on
    save.leaving = false;
    showSave(save.shown);
    if (save.dirty) touch();
  }
  /* A row is opened and closed by its address while nothing is to be sent: the server has it all. */
  function look(verb, row) {
    const outer = row.split('.').slice(0, -2).join('.'), opened = verb === 'open' ? row : outer;
    save.leaving = true;
    save.shown = saved.dataset.save;
    location.assign(`${location.pathname}${opened && `?open=${encodeURIComponent(opened)}`}#r-${row}`);
  }
  /* What still becomes of what was typed: a code that is looked up is sent too. */
  const becoming = new Set();
  function waitFor(promise) { becoming.add(promise); promise.finally(() => becoming.delete(promise)); }
  form.addEventListener('submit', (event) => {
    if (becoming.size) { event.preventDefault(); Promise.allSettled([...becoming]).then(() => form.requestSubmit(event.submitter)); return; }
    const [, verb, row] = /^(open|close):(.+)/.exec((event.submitter || {}).value) || [];
    if (verb && !save.dirty && !save.held && form.dataset.autosave) { event.preventDefault(); look(verb, row); return; }
    if (save.held || !navigator.onLine) { event.preventDefault(); resume(event.submitter); return; }
    save.leaving = true;
    clearTimeout(save.timer);
    if (save.flight) save.flight.abort();
    save.shown = saved.dataset.save;
    showSave('saving');
    if (event.submitter && event.submitter.value === 'save') markPlace(document.activeElement);
  });
  addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); }); // it was sent: its revision is old

  /* While nothing that is sent would arrive or be kept, the page stays; what was pressed is done if that is over. */
  async function resume(button) {
    await send();
    const link = document.querySelector('[data-signed-out]');
    if (!navigator.onLine) showSave('offline'); else if (!save.held) form.requestSubmit(button); else if (link && !link.hidden) link.focus();
  }

  /* --- what rules say ------------------------------------------------------------------------------------------ */
  const placeOf = (element) => { const row = element.closest('[data-row]'); return { path: row ? row.dataset.path + '.' : '', name: row ? row.dataset.row + '.' : '' }; };
  const pathOf = (field) => placeOf(field).path + field.dataset.item;
  const nameOf = (field) => placeOf(field).name + field.dataset.item;

  const isUnfilled = (issue) => issue.code === 'required' || issue.code === 'rows';
  const isQuiet = (issue) => (engine ? engine.isQuiet(issue) : issue.quiet); // in a form that was only just begun

  /* What the answers come to: the server alone says so, after each autosave. */
  function tellOutcomes(outcomes) {
    const list = find('[data-outcomes]');
    if (!list || !outcomes.length) return;
    while (list.children.length > outcomes.length) list.lastElementChild.remove();
    outcomes.forEach(([what, value, why], place) => {
      const entry = list.children[place] || list.appendChild(list.children[0].cloneNode(true));
      find('[data-what]', entry).textContent = what;
      find('[data-value]', entry).textContent = value;
      find('[data-why]', entry).textContent = why;
    });
  }

  let latest = null;
  function applyEvaluation(result) {
    const visible = new Set(result.visible), required = new Set(result.required), twice = new Set(result.twice || []);
    const issues = new Map();
    for (const issue of result.violations) {
      if (!('strict' in form.dataset) && (isUnfilled(issue) || isQuiet(issue))) continue;
      const path = issue.where ? '' : issue.item || issue.row; // of another record: told for the whole form
      issues.set(path, [...(issues.get(path) || []), issue]);
    }
    const open = [];
    latest = result;
    fillIn(result.offered || {});
    if (result.outcomes) tellOutcomes(result.outcomes);
    retell({ ...result.texts, ...(engine ? engine.texts() : {}) });
    for (const field of all('[data-item]')) {
      const path = pathOf(field);
      if (!field.matches('.f-note:not(.cond)')) show(field, visible.has(path));
      demand(field, required.has(path));
      if (result.withheld && path in result.withheld) narrow(field, result.withheld[path]);
      if (result.calculated && path in result.calculated) tell(field, result.calculated[path]);
      if (result.why && path in result.why) because(field, result.why[path]);
      const question = find('.twice', field);
      if (question) question.hidden = !twice.has(path) && !find('input:checked', question);
      open.push(...put(field, issues.get(path) || [], nameOf(field), label(field), nameOf(field)));
      issues.delete(path);
    }
    for (const group of all('.group')) show(group, visible.has(placeOf(group).path + group.dataset.group));
    for (const place of all('.issues')) {
      const owner = place.parentElement, title = find('[data-title], h3', owner);
      open.push(...put(place, issues.get(place.dataset.path) || [], place.dataset.name, title ? title.textContent : '', owner.id));
      issues.delete(place.dataset.path);
    }
    for (const section of all('.sheet[data-when]')) section.hidden = !find('[data-item]:not([hidden]), [data-group]:not([hidden])', section);
    for (const [path, rest] of issues) open.push(...inClosedRow(path, rest));
    find('#form-wide').hidden = !find('#form-wide .msg');
    outline(open, result);
  }
  /* Values piped into texts: what a text was is replaced by what it is, wherever it stands, as text and never as markup. */
  const told = new Map();
  function retell(texts) {
    for (const [place, words] of Object.entries(texts)) {
      const [path, part] = place.split('#'), parts = ownersOf(path, part);
      const before = told.get(place) || (parts[0] && (part === 'row' ? parts[0] : find(PLACES[part], parts[0])) || {}).textContent;
      if (before && before !== words) parts.forEach((each) => (part === 'unit' ? all('.unit', each) : [each]).forEach((here) => replace(here, before, words)));
      told.set(place, words);
    }
  }
  const PLACES = { label: '.f-l label, .f-l b, .f-l > span, h3, p', hint: '.hint', unit: '.unit', title: 'h2', note: '.hint' };
  function ownersOf(path, part) {
    if (part === 'row') return all('[data-row]').filter((row) => row.dataset.path === path).flatMap((row) => all('[data-title], .vh, summary', row).filter((each) => each.closest('[data-row]') === row && !each.closest('[data-item]')));
    if (part === 'title' || part === 'note') return all(`[id="s-${path}"] > header, [data-step="s-${path}"]`);
    return all('[data-item]').filter((field) => pathOf(field) === path);
  }
  function replace(root, before, words) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) if (walker.currentNode.data.includes(before)) walker.currentNode.data = walker.currentNode.data.split(before).join(words);
    for (const each of [root, ...all('[title], [aria-label]', root)]) for (const name of ['title', 'aria-label']) if (each.hasAttribute(name)) each.setAttribute(name, each.getAttribute(name).split(before).join(words));
  }
  /* What defaults offer becomes what the fields hold, as if it had been typed. */
  function fillIn(offered) {
    const done = [];
    for (const [path, values] of Object.entries(offered)) {
      const field = fieldAt(path), name = nameOf(field), text = values.join(', ');
      const [day, time = ''] = text.split('T'), [y, m = '', d = ''] = day.split('-'), parts = { d, m, y, t: time.slice(0, 5) };
      for (const box of all('.f-c [name]:not([type=hidden])', field)) {
        const part = box.name.slice(name.length + 2);
        if (box.name === name && /radio|checkbox/.test(box.type)) box.checked = values.includes(box.value);
        else if (box.name === name) box.value = text;
        else if (part in parts) box.value = parts[part];
        else if (part === 'u') box.selectedIndex = 0; // the stored unit comes first
        if (box.matches('[data-pick], [data-several]')) box.dispatchEvent(new Event('change'));
      }
      const found = find('[data-found]', field);
      if (found) found.textContent = '';
      showClear(field);
      if (values.length) { done.push(label(field)); field.classList.add('appear'); }
    }
    if (done.length) find('[data-filled]').textContent = say('filledIn', { what: done.join(', ') });
  }
  const fieldAt = (path) => all('[data-item]').find((field) => pathOf(field) === path && find('[name]', field));
  function showClear(field) { const tool = find('.clear', field); if (tool) tool.hidden = !find('.opts input:checked', field); }

  /* Codes that a rule takes out are not on offer. What is chosen stays; what has the focus goes when the focus does. */
  const withheld = new WeakMap();
  /* What was looked up on the server does not know the rule. */
  function refuses(field, code) {
    const node = engine && engine.find(pathOf(field)), item = node && node.entries.get(field.dataset.item).item;
    return Boolean(item && item.only) && engine.refuses(item, node, code);
  }
  function narrow(field, codes) {
    withheld.set(field, codes);
    for (const box of all('.f-c .opts input, .f-c option', field)) {
      const place = box.closest('.opt') || box;
      const off = (codes.includes(box.value) || 'withdrawn' in place.dataset) && !box.checked && !box.selected && box !== document.activeElement;
      place.hidden = box.disabled = off;
    }
    const filter = find('.filter', field);
    if (filter) filter.dispatchEvent(new Event('input'));
    number(field);
  }
  /* The keys 1 to 9 mean the answers that one sees. */
  function number(field) { all('[data-keys] .opt:not([hidden]) kbd', field).forEach((key, place) => { key.textContent = place + 1; }); }
  all('[data-keys]').forEach((keys) => number(keys.parentElement));
  form.addEventListener('focusout', (event) => { const field = event.target.closest('[data-item]'); if (withheld.has(field)) narrow(field, withheld.get(field)); });
  function show(element, on) {
    if (element.hidden && on) element.classList.add('appear');
    element.hidden = !on;
  }
  function demand(field, on) {
    const mark = find('.req', field);
    if (mark) mark.hidden = !on;
    const control = find('.f-c .in, .f-c select', field);
    if (control && !control.name.includes('__')) { if (on) control.setAttribute('aria-required', 'true'); else control.removeAttribute('aria-required'); }
  }
  function tell(field, text) {
    const place = find('[data-calc]', field);
    if (!place) return;
    const unit = text !== null && place.dataset.unit ? ' ' + place.dataset.unit : '', shown = text === null ? words.unknownYet : text + unit;
    if (place.textContent !== shown) because(field, []); // the server says why in its answer
    place.textContent = shown;
    place.classList.toggle('muted', text === null);
  }
  /* What a calculated value was made of: names and values, with the way to where they stand. */
  function because(field, facts) {
    const place = find('.inputs', field);
    if (place) place.replaceChildren(...facts.map(([name, value, anchor]) => {
      const line = document.createElement('span'), link = document.createElement(anchor ? 'a' : 'span'), bold = document.createElement('b');
      line.className = 'input-line';
      link.textContent = name;
      if (anchor) link.href = '#' + anchor;
      bold.textContent = value;
      line.append(link, ' ', bold);
      return line;
    }));
  }
  /* Until the server has answered, nothing is said of what was just changed. */
  function forget(name) {
    for (const place of all('.inputs')) {
      const about = ({ hash }) => hash === '#' + name || (hash.startsWith('#r-') && name.startsWith(hash.slice(3) + '.'));
      if (all('a', place).some(about)) place.replaceChildren();
    }
  }
  const label = (field) => (find('.f-l label, .f-l b, .f-l span', field) || field).textContent;

  /* Half a number is no fault: what was not yet said of a field is said when one leaves it. */
  const unsaid = new Set();
  const isTyped = (field) => field.contains(document.activeElement) && document.activeElement.matches('.f-c .in:not(select, .reason .in, [role=combobox]:not([data-lookup]))');
  form.addEventListener('focusout', (event) => {
    const field = event.target.closest('[data-item]');
    const to = event.relatedTarget;
    if (!unsaid.has(field) || (to && field.contains(to) && to.matches('.f-c .in'))) return;
    unsaid.delete(field);
    setTimeout(() => applyEvaluation({ ...latest, offered: {} })); // once the focus has gone
  });

  /* Messages of one field; gives back those that still wait for somebody. */
  function put(field, issues, name, title, anchor) {
    const messages = find('.msgs', field), answers = find('.answers', field);
    if (!messages) return [];
    if (issues.length && isTyped(field) && !messages.childElementCount) { unsaid.add(field); return []; }
    messages.replaceChildren(...issues.map((issue) => message(issue)));
    const waiting = answer(answers, issues, name);
    const bad = waiting.some((issue) => issue.severity === 'error');
    field.classList.toggle('bad', bad);
    field.classList.toggle('soft', !bad && waiting.length > 0);
    for (const control of all('.f-c .in:not(.reason .in)', field)) {
      if (bad) control.setAttribute('aria-invalid', 'true'); else control.removeAttribute('aria-invalid');
      control.classList.toggle('soft', !bad && waiting.length > 0);
    }
    describe(field, name, issues.length > 0);
    return waiting.map((issue) => ({ issue, title: issue.where ? issue.where.text : title, href: issue.where ? issue.where.href : '#' + anchor, section: field.closest('.sheet') }));
  }
  /* Quoted values stand apart from the sentence around them (renderers/html/isolating.py). */
  function isolated(text) {
    return text.split(/(„[^„”]*”|(?<![\p{L}\p{N}_])'[^']*'(?![\p{L}\p{N}_]))/u).flatMap((part, place) => {
      if (place % 2 === 0) return [part];
      const value = document.createElement('bdi');
      value.textContent = part.slice(1, -1);
      return [part[0], value, part.at(-1)];
    });
  }
  function message(issue) {
    const part = copy(issue.severity === 'error' ? 't-error' : 't-warning');
    const text = find('[data-text]', part);
    text.replaceChildren(...isolated(issue.message));
    if (issue.where) { const link = document.createElement('a'); link.href = issue.where.href; link.textContent = issue.where.text; text.after(' ', link); }
    return part;
  }
  /* Ticks and reasons that warnings ask for: those already there stay, with what was typed. */
  function answer(place, issues, name) {
    const kept = new Map(all('[data-key]', place).map((element) => [element.dataset.key, element]));
    const waiting = [];
    const wanted = issues.filter((issue) => issue.severity !== 'error');
    place.replaceChildren(...wanted.map((issue) => {
      const element = kept.get(issue.key) || blank(issue, name);
      const box = find('input, textarea', element);
      if (!(box.type === 'checkbox' ? box.checked : box.value.trim())) waiting.push(issue);
      return element;
    }));
    return [...issues.filter((issue) => issue.severity === 'error'), ...waiting];
  }
  function blank(issue, name) {
    const element = copy(issue.severity === 'warning_reason' ? 't-reason' : 't-confirm').firstElementChild;
    element.dataset.key = issue.key;
    find('[data-about]', element).textContent = issue.message;
    const box = find('input, textarea', element);
    if (box.type === 'checkbox') { box.name = name + '__ack'; box.value = issue.key; return element; }
    box.name = box.id = `${name}__why.${issue.key}`;
    find('label', element).htmlFor = box.id;
    find('.hint', element).id = box.id + '-n';
    box.setAttribute('aria-describedby', box.id + '-n');
    return element;
  }
  /* The description names hint, message and unit, in this order. */
  function describe(field, name, has) {
    const owner = field.tagName === 'FIELDSET' ? field : find('.f-c .in, output', field);
    if (!owner) return;
    const ids = ['-h', '-e', '-f', '-u'].map((end) => name + end).filter((id) => document.getElementById(id) && (!id.endsWith('-e') || has));
    if (ids.length) owner.setAttribute('aria-describedby', ids.join(' ')); else owner.removeAttribute('aria-describedby');
  }
  /* Issues of fields in closed rows: told in the row's line. */
  function inClosedRow(path, issues) {
    const row = all('[data-row]').filter((each) => path.startsWith(each.dataset.path + '.')).pop();
    const title = row ? find('[data-title]', row).textContent : '';
    const within = row && engine ? nameOfRow(engine.find(path)) : '';
    return issues.map((issue) => ({ issue, title: title || issue.message, href: row ? '#' + row.id : '#main', section: row && row.closest('.sheet'), row, within }));
  }
  /* The posted name of a row of the rules: its path with keys in the place of numbers. */
  function nameOfRow(node) {
    const steps = [];
    for (; node.scope.kind === 'group'; node = node.parent) steps.unshift(node.scope.id, node.key);
    return steps.join('.');
  }
  function outline(open, result) {
    const errors = open.filter((each) => each.issue.severity === 'error').length;
    const list = find('[data-issues]');
    list.replaceChildren(...(open.length ? open.map(entry) : [copy('t-no-issue')]));
    const heading = list.closest('details').querySelector('h2');
    heading.textContent = say('openIssues', { number: open.length });
    tally(find('.dock [data-tally]'), errors, open.length - errors);
    const counts = new Map(), whole = [0, 0];
    for (const [name, [filled, wanted]] of Object.entries(result.progress)) {
      const section = sectionOf(name), before = counts.get(section) || [0, 0];
      counts.set(section, [before[0] + filled, before[1] + wanted]);
      whole[0] += filled;
      whole[1] += wanted;
    }
    for (const section of all('.sheet[id^="s-"]')) sum(section, open.filter((each) => each.section === section), ...(counts.get(section) || [0, 0]));
    for (const row of all('[data-row]')) sumRow(row, open.filter((each) => each.row === row || (each.section && row.contains(document.getElementById(each.href.slice(1))))));
    for (const place of all('[data-progress]')) place.textContent = whole[1] ? count('fieldsOf', whole[1], { filled: whole[0] }) : words.noneRequired;
    const steps = all('[data-step]');
    find('[data-ready]').textContent = count('sectionsReady', steps.length, { ready: steps.filter((step) => step.dataset.lacks === 'no').length });
  }
  function entry(each) {
    const part = copy(each.issue.severity === 'error' ? 't-issue-error' : 't-issue-warning');
    const link = find('a', part);
    link.href = each.href;
    if (each.within) link.dataset.within = each.within; // a row in a closed row, which is opened with it
    link.textContent = each.title;
    find('span', part).replaceChildren(...isolated(each.issue.message));
    return part;
  }
  function tally(place, errors, warnings) {
    place.replaceChildren();
    for (const [key, number, id] of [['errors', errors, 't-tally-error'], ['warnings', warnings, 't-tally-warning']]) {
      if (!number) continue;
      const part = copy(id);
      find('[data-text]', part).textContent = count(key, number);
      place.append(part);
    }
  }
  /* The section in which an item or group of the form itself stands. */
  const sectionOf = (name) => sections.get(name) || sections.set(name, all(`[data-item="${name}"], [data-group="${name}"]`).find((each) => !each.closest('[data-row]')).closest('.sheet')).get(name);
  const sections = new Map();
  function sum(section, open, filled, total) {
    const errors = open.filter((each) => each.issue.severity === 'error').length;
    tally(find(':scope > header [data-tally]', section), errors, open.length - errors);
    const step = find(`[data-step="${section.id}"]`);
    if (!step) return;
    step.hidden = section.hidden;
    step.dataset.lacks = open.length || filled < total ? 'yes' : 'no';
    const begun = find('[data-row]', section) || all('.f[data-item]:not([hidden])', section).some(isFilled);
    const state = errors ? 'errors' : open.length ? 'warnings' : filled < total ? (begun ? 'draft' : 'open') : total || begun ? 'complete' : 'optional';
    if (find('.f[data-item]:not(:has(.calc)), [data-group]', section)) {
      find('.ic', step).replaceWith(copy('t-step-' + state).firstElementChild);
      find('small', step).textContent = total ? `${filled}/${total}` : '';
    }
  }
  function sumRow(row, open) {
    const errors = open.filter((each) => each.issue.severity === 'error').length;
    tally(find('.rowline [data-tally]', row), errors, open.length - errors);
  }
  function isFilled(field) {
    const pill = find('.gone', field);
    if ((pill && !pill.hidden) || find('[data-held]:not([hidden])', field)) return true;
    return all('.f-c input:not([type=hidden]), .f-c select, .f-c textarea', field).some((box) => box.name && !/__(ack|why|u|o)/.test(box.name) && (/radio|checkbox/.test(box.type) ? box.checked : box.value !== ''));
  }

  /* --- the hook of the browser's interpreter: record.js gives ecrfRules.open(program, state) --- */
  let engine = null;
  async function openRules() {
    const state = document.getElementById('form-state');
    if (!globalThis.ecrfRules || !form.dataset.program || !state) return;
    const program = await (await fetch(form.dataset.program)).json();
    engine = globalThis.ecrfRules.pipe(globalThis.ecrfRules.open(program, JSON.parse(state.textContent)));
    for (const [place, words] of Object.entries(engine.texts())) told.set(place, words);
    engine.show(all('[data-row].open').map((row) => row.dataset.path));
    engine.reaches = ({ path }) => Boolean(fieldAt(path));
    find('[name=__live]').value = 'yes';
    for (const field of early) evaluate(field);
  }
  const early = new Set(); // fields that were changed before the rules had come
  /* What stands in a field, untouched: text, ticked codes, parts, unit, missing reason. rules.js reads it as the data type does. */
  function raw(field) {
    const name = nameOf(field), parts = {}, codes = [];
    let text = '';
    for (const box of all('input, select, textarea', field)) {
      if ((/radio|checkbox/.test(box.type) && !box.checked) || !box.name.startsWith(name)) continue;
      const part = box.name.slice(name.length).replace(/^__/, '');
      if (part) { parts[part] = box.value; } else if (find('[data-held]', field)) { text = box.value.replace(/^(\S+ ){3}/, ''); } else if (box.value !== '') { text = box.value; codes.push(box.value); }
    }
    return { text, codes, parts, missing: parts.mr || null };
  }
  function evaluate(field) {
    if (!engine && field) early.add(field);
    if (!engine || !field) return;
    try {
      applyEvaluation(engine.set(pathOf(field), raw(field)));
    } catch (fault) {
      engine = null; // the server's answers to autosaves go on
      find('[name=__live]').value = '';
      console.warn(fault);
    }
  }

  /* --- missing reasons, clearing, dates pasted whole ------------------------------------------------------------ */
  function missing(radio) {
    const field = radio.closest('.f'), pill = find('.gone', field);
    find('[data-reason]', pill).textContent = radio.nextElementSibling.firstChild.data;
    find('[data-code]', pill).textContent = radio.value;
    pill.hidden = false;
    find('.ctl', field).hidden = true;
    radio.closest('.menu').open = false;
    pill.focus();
  }
  function undo(button) {
    const field = button.closest('.f');
    for (const radio of all('.menu input[type=radio]', field)) radio.checked = false;
    find('.gone', field).hidden = true;
    find('.ctl', field).hidden = false;
    (find('.ctl input:checked, .ctl [data-held]:not([hidden]) a', field) || find('.ctl .in, .ctl .opt:not([hidden]) input', field)).focus();
  }
  function clear(button) {
    const field = button.closest('.f');
    for (const box of all('.opts input', field)) box.checked = false;
    const marker = find('.f-c input[type=hidden]', field);
    if (marker) marker.value = '';
    const held = find('[data-held]', field), file = find('[type=file]', field);
    if (held) { held.hidden = true; find('[data-choose]', field).hidden = false; } else button.hidden = true;
    (file || find('.opt:not([hidden]) input', field)).focus();
  }
  function paste(event) {
    const box = event.target, match = /^\s*(?:(\d{1,2})[./-](\d{1,2})[./-](\d{4})|(\d{4})-(\d{2})-(\d{2}))(?:[ T,]+(\d{1,2}:\d{2}))?\s*$/.exec(event.clipboardData.getData('text'));
    if (!match || !/__[dmy]$/.test(box.name)) return;
    const stem = box.name.slice(0, -1);
    const parts = { d: match[1] || match[6], m: match[2] || match[5], y: match[3] || match[4], t: match[7] };
    for (const [part, text] of Object.entries(parts)) for (const each of text ? byName(stem + part) : []) each.value = text;
    event.preventDefault();
    box.dispatchEvent(new Event('input', { bubbles: true }));
  }
  form.addEventListener('paste', (event) => { if (event.target.matches('.part .in')) paste(event); });
  form.addEventListener('click', (event) => {
    const button = event.target.closest('button[name=__do]');
    if (!button) return;
    const act = { undo, clear }[button.value.split(':')[0]];
    if (!act) return;
    event.preventDefault();
    act(button);
    touch();
    evaluate(button.closest('.f'));
  });
  form.addEventListener('input', (event) => {
    if (!event.target.name) return;
    touch();
    const field = event.target.closest('[data-item]');
    if (field) showClear(field);
    if (event.target.name.endsWith('__mr')) missing(event.target);
    if (/__(ack|why)/.test(event.target.name)) return;
    if (field) forget(nameOf(field));
    evaluate(field);
  });

  /* --- links to issues, the navigator ----------------------------------------------------------------------------- */
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[href^="#"]'), target = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!target || link.matches('.skip, .steps a')) return;
    event.preventDefault();
    if (target.matches('[data-row]:not(.open)')) { const open = find('[value^="open:"]', target); if (open) { if (link.dataset.within) open.value = 'open:' + link.dataset.within; form.requestSubmit(open); return; } }
    const inner = target.closest('[data-choose][hidden]') ? find('a, button', target.closest('.f-c')) : target.matches('select[hidden], input[hidden]') ? document.getElementById(target.id + '-c') : target.matches('.opts') && (find('input:checked', target) || find('.opt:not([hidden]) input', target));
    (inner || target).focus();
    (target.closest('.f') || target).scrollIntoView({ block: 'center' });
  });
  if ('IntersectionObserver' in window) {
    const seen = new IntersectionObserver((entries) => {
      for (const each of entries) if (each.isIntersecting) for (const link of all('.steps a[href^="#"]')) { if (link.hash === '#' + each.target.id) link.setAttribute('aria-current', 'step'); else link.removeAttribute('aria-current'); }
    }, { rootMargin: '-20% 0px -70% 0px' });
    for (const section of all('.sheet[id^="s-"]')) seen.observe(section);
  }
  const summary = find('[data-summary]');
  const begun = (target) => ![document.body, summary, target].includes(document.activeElement); // whoever is somewhere already stays there
  if (summary && !location.hash && !begun()) summary.focus({ preventScroll: true });

  /* After a save one goes on where one was; that it was saved is said as well as shown. */
  function markPlace(element) {
    const { id, name, value } = element.closest('.dock') ? {} : element;
    sessionStorage.setItem('place', JSON.stringify({ page: location.pathname, id, name, value, top: scrollY }));
  }
  addEventListener('load', () => {
    const place = JSON.parse(sessionStorage.getItem('place')), told = find('.note[data-ok]');
    sessionStorage.removeItem('place');
    if (!told) return;
    find('[data-filled]').textContent = told.textContent;
    if (!place || place.page !== location.pathname || location.hash || begun() || find('.note [autofocus]')) return;
    const same = place.name && byName(place.name).find((each) => each.value === place.value && each.offsetParent);
    scrollTo(0, place.top);
    (document.getElementById(place.id) || same || find('.dock [value=save]')).focus({ preventScroll: true });
  });

  /* Whoever was quicker than this script is not forgotten: what differs from what the server sent was typed. */
  function differs(box) {
    if (box.type === 'hidden' || box.type === 'file' || box.tagName === 'BUTTON') return false;
    if (/radio|checkbox/.test(box.type)) return box.checked !== box.defaultChecked;
    if (box.tagName !== 'SELECT') return box.value !== box.defaultValue;
    return box.selectedIndex !== Math.max(0, [...box.options].findIndex((option) => option.defaultSelected));
  }

  globalThis.ecrfForm = { form, applyEvaluation, raw, pathOf, nameOf, refuses, touch, waitFor, begun, signedOut, message, blank, all, find, copy, count, say, words };
  openRules();
  for (const box of all('[name]').filter(differs)) box.dispatchEvent(new Event('input', { bubbles: true }));
}());
