/* Search in long lists: a combobox over a select, over a dictionary on the server, and a filter over many boxes. */
(function () {
  'use strict';
  const page = globalThis.ecrfForm;
  if (!page) return;
  const { form, all, find, copy, count, words } = page;
  const MOST = 50;
  const plain = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').replace(/ł/g, 'l').replace(/Ł/g, 'L').toLowerCase();

  const bare = (code) => code.toLowerCase().trim().replace(/(?!^-)[^\p{L}\p{N}_]+/gu, ''); // -1 is not 1

  /* The combobox pattern of ARIA 1.2: focus stays in the text, the marked entry is named by aria-activedescendant.
     source(text) -> promise of [{code, label, name, usual}]; choose(entry) takes the answer; isOpen() says that the text
     still stands for nothing that was chosen. */
  function combobox(input, list, status, source, choose, isOpen) {
    let entries = [], at = -1, asked = 0, timer = 0, choosing = false;
    const options = () => all('[role=option]', list);
    list.id = input.id + '-list';
    input.setAttribute('aria-controls', list.id);
    function open(on) {
      list.hidden = !on;
      input.setAttribute('aria-expanded', String(on));
      if (!on) { at = -1; input.removeAttribute('aria-activedescendant'); }
    }
    function mark(to) {
      at = to;
      options().forEach((item, place) => item.setAttribute('aria-selected', String(place === at)));
      const item = options()[at];
      if (item) { input.setAttribute('aria-activedescendant', item.id); item.scrollIntoView({ block: 'nearest' }); } else input.removeAttribute('aria-activedescendant');
    }
    function line(entry, place) {
      const item = copy('t-combo-option').firstElementChild;
      item.id = `${list.id}-${place}`;
      if (entry.number) item.dataset.number = entry.number;
      if (!entry.name) { item.textContent = entry.label; return item; }
      const code = document.createElement('code');
      code.textContent = entry.code;
      item.append(code, ' ', entry.name);
      return item;
    }
    async function ask() {
      asked += 1;
      const mine = asked, text = input.value, found = await source(text);
      if (mine !== asked || text !== input.value || document.activeElement !== input) return; // who has typed on is not given what was asked before
      const marked = entries[at] && entries[at].code; // somebody was quicker with the arrows than this answer
      entries = found.slice(0, MOST);
      const usual = entries.length > 0 && entries[0].usual;
      list.replaceChildren(...entries.map(line));
      if (usual) { const head = document.createElement('li'); head.role = 'presentation'; head.className = 'combo-head'; head.textContent = words.usualHere; list.prepend(head); }
      status.textContent = !entries.length ? words.nothingFound : (usual ? `${words.usualHere}: ` : '') + count('found', entries.length);
      open(entries.length > 0);
      const before = entries.findIndex((entry) => entry.code === marked), exact = text && entries.length && bare(entries[0].code) === bare(text);
      mark(before >= 0 ? before : exact || entries.length === 1 ? 0 : -1);
    }
    function settle(entry) {
      open(false);
      choosing = true;
      if (entry) choose(entry);
      choosing = false;
    }
    const take = (place) => settle(entries[place]);
    /* Enter before the answer has come: a code, or what alone fits, is taken; whoever types on is not disturbed. */
    async function hurry() {
      const text = input.value;
      clearTimeout(timer);
      input.value = '';
      const found = await source(text), entry = found.find(({ code }) => bare(code) === bare(text)) || (found.length === 1 && found[0]), since = input.value;
      if (!entry) { input.value = text + since; ask(); return; }
      settle(entry);
      if (since) input.value = since;
    }
    const step = (by) => { if (list.hidden) ask(); else if (entries.length) mark(at < 0 && by < 0 ? entries.length - 1 : (at + by + entries.length) % entries.length); };
    const KEYS = {
      ArrowDown: () => step(1),
      ArrowUp: (event) => { if (event.altKey) open(false); else step(-1); },
      Enter: () => { if (at >= 0) take(at); else if (isOpen()) page.waitFor(hurry()); else return !list.hidden; return true; }, // never sends the form
      Escape: () => { if (list.hidden) return false; open(false); return true; },
    };
    input.addEventListener('input', () => { clearTimeout(timer); if (at >= 0) mark(-1); if (!choosing) timer = setTimeout(ask, 120); });
    input.addEventListener('click', () => { if (list.hidden) ask(); });
    input.addEventListener('blur', () => setTimeout(() => { if (document.activeElement !== input) open(false); }, 150));
    list.addEventListener('pointerdown', (event) => { event.preventDefault(); const item = event.target.closest('[role=option]'); if (item) take(options().indexOf(item)); });
    input.addEventListener('keydown', (event) => {
      if (!KEYS[event.key] || event.ctrlKey || event.metaKey || KEYS[event.key](event) === false) return;
      event.preventDefault();
      event.stopPropagation();
    });
    return settle;
  }
  /* Where the words of an entry stand: at its start, at the start of words, anywhere. */
  function rank(text, wanted) {
    if (text.startsWith(wanted)) return 0;
    const parts = wanted.split(/\s+/), padded = ' ' + text.replace(/[^\p{L}\p{N}]+/gu, ' ');
    return parts.every((part) => padded.includes(' ' + part)) ? 1 : parts.every((part) => text.includes(part)) ? 2 : 3;
  }

  function pick(select) {
    const frame = copy('t-combo').firstElementChild, input = find('input', frame);
    const name = (option) => (option.parentElement.label ? `${option.parentElement.label}: ` : '') + option.text; // of which kind
    const numbers = page.numbersIn(select);
    const entries = [...select.options].filter((option) => option.value).map((option) => ({ option, code: option.value, label: name(option), plain: plain(`${name(option)} ${option.dataset.also || ''}`), number: numbers.indexOf(option) + 1 }));
    const chosen = () => { const option = select.selectedOptions[0]; return option && option.value ? name(option) : ''; };
    input.id = select.id + '-c';
    for (const name of ['aria-describedby', 'aria-invalid', 'aria-required']) if (select.hasAttribute(name)) input.setAttribute(name, select.getAttribute(name));
    input.value = chosen();
    const label = all('label').find((each) => each.htmlFor === select.id);
    if (label) label.htmlFor = input.id;
    select.before(frame);
    select.hidden = true;
    const change = () => select.dispatchEvent(new Event('input', { bubbles: true }));
    combobox(input, find('ul', frame), find('[role=status]', frame), async (text) => {
      const wanted = text === chosen() ? '' : plain(text).trim();
      const ranked = entries.filter((entry) => !entry.option.disabled).map((entry) => [wanted && bare(entry.code) === bare(wanted) ? -1 : rank(entry.plain, wanted), entry]);
      return ranked.filter(([place]) => place < 3).sort((a, b) => a[0] - b[0]).map(([, entry]) => entry);
    }, (entry) => { select.value = entry.code; input.value = entry.label; change(); }, () => Boolean(input.value.trim()) && input.value !== chosen());
    select.addEventListener('change', () => { input.value = chosen(); }); // filled in by a default
    input.addEventListener('change', () => {
      if (!input.value && select.value) { select.value = ''; change(); } else if (input.value) input.value = chosen();
    });
  }

  /* `value` is what is posted: a code, or several with commas between them. Several are chosen one by one, as chips. */
  function lookUp(value) {
    const field = value.closest('[data-item]'), several = 'several' in value.dataset;
    const frame = copy('t-combo').firstElementChild, list = find('ul', frame), status = find('[role=status]', frame);
    const input = several ? find('input', frame) : value, found = find('[data-found]', field), chips = find('[data-chips]', field);
    const names = new Map(several ? all('li', chips).map((chip) => [chip.dataset.code, find('span', chip).textContent]) : []);
    const codes = () => value.value.split(/[,;\s]+/).filter(Boolean);
    const typable = (text) => 'open' in value.dataset && /^[A-Za-z0-9][\w.:/+*-]{0,63}$/.test(text) && /[0-9]/.test(text);

    async function source(text) {
      const wanted = text.trim(), query = new URLSearchParams({ item: field.dataset.item, q: wanted, language: form.dataset.language });
      if ('narrowed' in value.dataset) query.append('narrowed', 'yes');
      const answer = await fetch(`${form.dataset.lookup}?${query}`, { headers: { Accept: 'application/json' } }).catch(() => null);
      const told = answer && answer.ok ? await answer.json() : [], taken = several ? codes() : [];
      const entries = told.filter(({ code }) => !taken.includes(code) && !page.refuses(field, code)).map(({ code, label, usual }) => ({ code, name: label, usual }));
      if (several && !told.length && typable(wanted) && !taken.includes(wanted)) entries.push({ code: wanted, name: '', label: page.say('asTyped', { code: wanted }) });
      return entries;
    }
    function put(text) {
      value.value = text;
      value.dispatchEvent(new Event('input', { bubbles: true }));
    }
    function choose(entry) {
      names.set(entry.code, entry.name);
      if (!several) { put(entry.code); found.textContent = entry.name; return; }
      input.value = '';
      put([...codes(), entry.code].join(', '));
      draw();
      status.textContent = page.say('codeAdded', { code: `${entry.code} ${entry.name}` });
    }
    function remove(code) {
      const place = codes().indexOf(code);
      put(codes().filter((each) => each !== code).join(', '));
      draw();
      status.textContent = page.say('codeRemoved', { code: `${code} ${names.get(code) || ''}` });
      (all('button', chips)[Math.min(place, codes().length - 1)] || input).focus();
    }
    function draw() {
      chips.replaceChildren(...codes().map((code) => {
        const chip = copy('t-chip').firstElementChild, button = find('button', chip);
        chip.dataset.code = code;
        find('code', chip).textContent = code;
        find('span', chip).textContent = names.get(code) || '';
        find('.vh', button).textContent = page.say('removeCode', { code: `${code} ${names.get(code) || ''}` });
        button.addEventListener('click', () => remove(code));
        button.addEventListener('keydown', (event) => { if (/^(Backspace|Delete)$/.test(event.key)) { event.preventDefault(); remove(code); } });
        return chip;
      }));
    }

    if (several) {
      input.id = value.id + '-c';
      for (const name of ['aria-describedby', 'aria-invalid', 'aria-required']) if (value.hasAttribute(name)) input.setAttribute(name, value.getAttribute(name));
      all('label', field).filter((label) => label.htmlFor === value.id).forEach((label) => { label.htmlFor = input.id; });
      status.className = 'hint';
      value.hidden = true;
      value.parentElement.before(frame);
      value.addEventListener('change', draw); // filled in by a default
      input.addEventListener('keydown', (event) => { const last = all('button', chips).pop(); if (event.key === 'Backspace' && !input.value && last) { event.preventDefault(); last.focus(); } });
      draw();
    } else {
      input.setAttribute('role', 'combobox');
      input.setAttribute('aria-autocomplete', 'list');
      input.setAttribute('aria-expanded', 'false');
      input.autocomplete = 'off';
      input.closest('.line').classList.add('combo');
      input.after(list, status);
      input.addEventListener('input', () => { found.textContent = ''; });
    }
    input.placeholder = words.searchCode;
    const settle = combobox(input, list, status, source, choose, () => several && Boolean(input.value.trim()));
    /* A code that was typed in full needs no choosing; of other words in a list of several it is said that they are no answer. */
    async function recognize() {
      const text = input.value.trim(), exact = text && (await source(text)).find(({ code, name }) => name && bare(code) === bare(text));
      if (!text || input.value.trim() !== text) return;
      if (exact) settle(exact); else if (several) status.textContent = page.say('notChosen', { text });
    }
    input.addEventListener('change', () => { const found = recognize(); if (several) page.waitFor(found); }); // a single one is sent as it stands
  }

  function filter(boxes) {
    const [input, status] = copy('t-filter').children;
    boxes.before(input, status);
    const options = all('.opt', boxes).map((option) => ({ option, box: find('input', option), words: plain(option.textContent) }));
    /* What is chosen stands first, or it would be out of sight; not while somebody moves through the list. */
    function order() {
      if (boxes.contains(document.activeElement)) return;
      boxes.append(...options.filter(({ box }) => box.checked).map(({ option }) => option), ...options.filter(({ box }) => !box.checked).map(({ option }) => option));
      boxes.scrollTop = 0;
    }
    input.addEventListener('input', (event) => {
      event.stopPropagation();
      const wanted = plain(input.value).split(/\s+/), matches = options.filter(({ box, words: text }) => !box.disabled && wanted.every((word) => text.includes(word)));
      for (const each of options) each.option.hidden = each.box.disabled || !(each.box.checked || matches.includes(each));
      status.textContent = !input.value.trim() ? '' : matches.length ? count('found', matches.length) : words.nothingFound;
      order();
    });
    order();
  }

  for (const select of all('select[data-pick]')) if (select.options.length > 9) pick(select);
  if (form.dataset.lookup) for (const input of all('input[data-lookup]')) lookUp(input);
  for (const boxes of all('.opts[data-filter]')) filter(boxes);
}());
