/* Search in long lists: a combobox over a select, over a dictionary on the server, and a filter over many boxes. */
(function () {
  'use strict';
  const page = globalThis.ecrfForm;
  if (!page) return;
  const { form, all, find, copy, count, words } = page;
  const MOST = 50;
  const plain = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').replace(/ł/g, 'l').replace(/Ł/g, 'L').toLowerCase();

  /* source(text) -> promise of [{code, label}]; choose(entry) takes the answer */
  function combobox(input, list, status, source, choose) {
    let entries = [], at = -1, asked = 0, timer = 0, choosing = false;
    list.id = input.id + '-list';
    input.setAttribute('aria-controls', list.id);
    function open(on) {
      list.hidden = !on;
      input.setAttribute('aria-expanded', String(on));
      if (!on) { at = -1; input.removeAttribute('aria-activedescendant'); }
    }
    function mark(to) {
      at = to;
      [...list.children].forEach((item, place) => item.setAttribute('aria-selected', String(place === at)));
      const item = list.children[at];
      if (item) { input.setAttribute('aria-activedescendant', item.id); item.scrollIntoView({ block: 'nearest' }); }
    }
    async function ask() {
      asked += 1;
      const mine = asked, found = await source(input.value);
      if (mine !== asked || document.activeElement !== input) return;
      const marked = entries[at] && entries[at].code; // somebody was quicker with the arrows than this answer
      entries = found.slice(0, MOST);
      list.replaceChildren(...entries.map((entry, place) => {
        const item = copy('t-combo-option').firstElementChild;
        item.id = `${list.id}-${place}`;
        item.textContent = entry.label;
        return item;
      }));
      status.textContent = entries.length ? count('found', found.length) : words.nothingFound;
      open(entries.length > 0);
      mark(entries.length === 1 ? 0 : entries.findIndex((entry) => entry.code === marked));
    }
    function take(place) {
      const entry = entries[place];
      open(false);
      choosing = true;
      if (entry) choose(entry);
      choosing = false;
    }
    input.addEventListener('input', () => { clearTimeout(timer); if (!choosing) timer = setTimeout(ask, 120); });
    input.addEventListener('click', () => { if (list.hidden) ask(); });
    input.addEventListener('blur', () => setTimeout(() => open(false), 150));
    list.addEventListener('pointerdown', (event) => { event.preventDefault(); take([...list.children].indexOf(event.target.closest('li'))); });
    input.addEventListener('keydown', (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step && !event.altKey) { event.preventDefault(); if (list.hidden) ask(); else mark((at + step + entries.length) % entries.length); }
      if (event.key === 'Enter' && !list.hidden) { event.preventDefault(); event.stopPropagation(); if (at >= 0) take(at); } // never sends the form
      if (event.key === 'Escape' && !list.hidden) { event.preventDefault(); event.stopPropagation(); open(false); }
    });
  }

  function pick(select) {
    const frame = copy('t-combo').firstElementChild, input = find('input', frame);
    const name = (option) => (option.parentElement.label ? `${option.parentElement.label}: ` : '') + option.text; // of which kind
    const entries = [...select.options].filter((option) => option.value).map((option) => ({ option, code: option.value, label: name(option), plain: plain(name(option)) }));
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
      const wanted = text === chosen() ? '' : plain(text);
      return entries.filter((entry) => !entry.option.disabled && entry.plain.includes(wanted));
    }, (entry) => { select.value = entry.code; input.value = entry.label; change(); });
    select.addEventListener('change', () => { input.value = chosen(); }); // filled in by a default
    input.addEventListener('change', () => {
      if (!input.value && select.value) { select.value = ''; change(); } else if (input.value) input.value = chosen();
    });
  }

  function lookUp(input) {
    const frame = copy('t-combo').firstElementChild, list = find('ul', frame), status = find('[role=status]', frame);
    const found = find('[data-found]', input.closest('.f')), item = input.closest('[data-item]').dataset.item;
    for (const [name, value] of Object.entries({ role: 'combobox', 'aria-autocomplete': 'list', 'aria-expanded': 'false', placeholder: words.searchCode })) input.setAttribute(name, value);
    input.closest('.line').classList.add('combo');
    input.after(list);
    list.after(status);
    const several = 'several' in input.dataset, last = (text) => (several ? text.split(/[,;]/).pop() : text).trim();
    combobox(input, list, status, async (whole) => {
      const text = last(whole);
      if (text.length < 2) return [];
      const query = new URLSearchParams({ item, q: text, language: form.dataset.language });
      const answer = await fetch(`${form.dataset.lookup}?${query}`, { headers: { Accept: 'application/json' } }).catch(() => null);
      if (!answer || !answer.ok) return [];
      return (await answer.json()).map((entry) => ({ code: entry.code, name: entry.label, label: `${entry.code} – ${entry.label}` }));
    }, (entry) => {
      const before = several ? input.value.split(/[,;]/).slice(0, -1).map((code) => code.trim()).filter(Boolean) : [];
      const words = before.length ? found.textContent : '';
      input.value = [...before, entry.code].join(', ');
      input.dispatchEvent(new Event('input', { bubbles: true }));
      found.textContent = [words, entry.name].filter(Boolean).join('; ');
    });
    input.addEventListener('input', () => { if (!several || !input.value.trim()) found.textContent = ''; });
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
