/* Entry by keyboard, as from paper: digits answer, dates step on by themselves, Enter goes on and never sends.
   All of it can be switched off but Enter; docs/data-entry.md tells it to those who type. */
(function () {
  'use strict';
  const page = globalThis.ecrfForm;
  if (!page) return;
  const { form, all, find } = page;
  const isSeen = (element) => element.offsetParent !== null && !element.disabled;
  const tell = (element, type) => element.dispatchEvent(new Event(type, { bubbles: true }));

  /* --- the switch ------------------------------------------------------------------------------------------------ */
  const off = find('[data-keys-off]');
  const isOff = () => Boolean(off && off.checked);
  if (off) {
    find('[data-keys-help]').hidden = false;
    off.checked = /(^|; )ecrf_keys=off/.test(document.cookie);
    off.addEventListener('change', () => { document.cookie = `ecrf_keys=${off.checked ? 'off' : 'on'}; path=/; max-age=31536000; SameSite=Lax`; });
  }

  /* --- where one goes: one stop a question, and the buttons of rows and of the form ------------------------------- */
  const IN_PANEL = '.panel .rows .f';
  const STOPS = '.f-c .in, .f-c input[type=radio], .f-c input[type=checkbox], .row-end [value^="close:"], .add, .dock .go';
  const withName = (box) => all('[name]').filter((each) => each.name === box.name && each.type === box.type && isSeen(each));
  /* What a line of fields is about stands there already: one does not answer it. */
  const isSettled = (field) => Boolean(field && field.dataset.item === field.closest('.panel').dataset.key && (find('select, input[name]:checked', field) || {}).value);
  function isStop(box) {
    if (isSettled(box.closest(IN_PANEL))) return false;
    if (!isSeen(box) || box.closest('.menu') || box.matches('.reason .in, .ack input')) return false;
    if (box.type === 'radio') return box.checked || (withName(box)[0] === box && !withName(box).some((each) => each.checked));
    return box.type !== 'checkbox' || withName(box)[0] === box;
  }
  const stops = (root) => all(STOPS, root).filter(isStop);
  const follows = (box, other) => Boolean(box.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING);
  const partsOf = (box) => (box.closest('.part') ? all('.part .in', box.closest('.line')) : []);

  function go(box) {
    if (!box) return;
    box.focus();
    if (box.matches('input.in:not([type=file])')) box.select();
  }
  /* From a part of a date that was filled to the next one that is empty; otherwise to the next question. */
  function onward(box) {
    const rest = partsOf(box).filter((part) => follows(box, part) && !part.value), field = box.closest('.f');
    const withUnit = box.parentElement && find('.unit-pick', box.parentElement);
    if (box.value && rest.length) return rest[0];
    if (withUnit && withUnit !== box) return withUnit;
    return belowIn(box.closest(IN_PANEL)) || after(field || box);
  }
  /* In lines of fields one goes down, to the same question of the next line; Tab goes along the line. */
  function belowIn(field) {
    const fields = field ? all(`[data-item="${field.dataset.item}"]`, field.closest('.rows')).filter((each) => each.closest('.panel') === field.closest('.panel')) : [];
    const next = fields.slice(fields.indexOf(field) + 1).find((each) => stops(each).length);
    return next && stops(next)[0];
  }
  const after = (element) => stops().find((each) => follows(element, each) && !element.contains(each));

  /* --- stepping by itself ------------------------------------------------------------------------------------------
     Who is used to press Tab or Enter after each answer must not lose a field: right after a step they only confirm it. */
  let stepped = false;
  function step(box) {
    const next = onward(box);
    go(next);
    stepped = Boolean(next);
  }
  const FULL = { d: /^\d\d$/, m: /^\d\d$/, y: /^\d{4}$/, t: /^(\d{4}|\d\d?[:.]\d\d)$/ };
  const pieceOf = (box) => (box.matches('.part .in') ? box.name.slice(-1) : 'time' in box.dataset ? 't' : '');
  form.addEventListener('input', (event) => {
    const box = event.target, piece = pieceOf(box);
    if (!isOff() && event.inputType === 'insertText' && piece && FULL[piece].test(box.value)) step(box);
  });
  form.addEventListener('change', (event) => { // 0910 is read as 09:10, and shown so
    const time = pieceOf(event.target) === 't' && /^(\d\d?)[:.]?(\d\d)$/.exec(event.target.value.trim());
    if (time) event.target.value = `${time[1].padStart(2, '0')}:${time[2]}`;
  });
  /* What stands between the parts on paper: 17.03.2025 may be typed as it is. */
  function between(box, key, confirms) {
    const piece = pieceOf(box), next = partsOf(box).find((part) => follows(box, part));
    if (!piece || !/^[.,/\- ]$/.test(key) || (piece === 't' && key !== ' ')) return false;
    const wasBetween = confirms && !box.value && partsOf(box).some((part) => follows(part, box) && part.value); // it has stepped over it
    if (next && !wasBetween) go(next);
    return true;
  }
  addEventListener('pointerdown', () => { stepped = false; });

  /* --- digits and codes ------------------------------------------------------------------------------------------- */
  function answer(box, key) {
    const keys = box.closest('[data-keys]'), offered = keys ? all('.opt:not([hidden]) input', keys) : [];
    const wanted = /\d/.test(key) ? offered[key - 1] : offered.find((each) => each.value.toLowerCase() === key);
    if (!wanted) return false;
    wanted.focus();
    wanted.checked = wanted.type === 'radio' || !wanted.checked;
    tell(wanted, 'input');
    if (wanted.type === 'radio') step(wanted);
    return true;
  }
  /* Why a value is missing: the number of the reason, or its code as on paper. */
  let typed = '';
  function reason(box, key) {
    const menu = box.matches('.f-t .menu input') && box.closest('.menu');
    if (!menu || !/^[a-z0-9_-]$/.test(key)) return false;
    const radios = all('input[type=radio]', menu);
    typed = radios.some((radio) => radio.value.startsWith(typed + key)) ? typed + key : key;
    const wanted = radios.find((radio) => radio.value === typed) || radios[key - 1];
    if (!wanted) return true;
    const field = menu.closest('.f');
    wanted.checked = true;
    tell(wanted, 'input');
    step(find('.gone', field));
    return true;
  }
  form.addEventListener('focusin', (event) => { if (!event.target.closest('.menu')) typed = ''; });

  /* Lists that are searched: the code or the number of an entry chooses it, found or not, and Enter goes on with what is chosen.
     The numbers are those on paper; an entry whose words begin with a number of their own goes by that. */
  page.numbersIn = (select) => [...select.options].filter((option) => option.value).map((option) => (/^\d+\./.test(option.text) ? null : option));
  function choice(select, text) {
    const options = [...select.options].filter((option) => option.value);
    return options.find((option) => option.value.toLowerCase() === text.toLowerCase()) || (/^\d+$/.test(text) ? options.find((option) => option.text.startsWith(text + '.')) || page.numbersIn(select)[text - 1] : null);
  }
  const keeper = (input) => document.getElementById(input.id.replace(/-c$/, '')); // what is posted
  function choose(input, text) {
    const select = keeper(input), entry = select.matches('select') && choice(select, text);
    if (!entry || entry.disabled) return false;
    select.value = entry.value;
    tell(select, 'change');
    tell(select, 'input');
    go(onward(input));
    return true;
  }
  function tick(filter, text) {
    const boxes = all('.opts input', filter.closest('.f')), box = boxes.find((each) => each.value.toLowerCase() === text.toLowerCase() || each.closest('.opt').dataset.number === text);
    if (!box || box.disabled) return false;
    box.checked = !box.checked;
    tell(box, 'input');
    filter.value = '';
    filter.dispatchEvent(new Event('input'));
    return true;
  }
  form.addEventListener('keydown', (event) => {
    const input = event.target, text = event.key === 'Enter' && !event.ctrlKey && !isOff() && input.matches('[role=combobox], .filter') && input.value.trim();
    if (!text) return;
    const marked = input.hasAttribute('aria-activedescendant'), before = input.value;
    if (!marked && (input.matches('.filter') ? tick : choose)(input, text)) { event.preventDefault(); event.stopPropagation(); return; }
    if (input.matches('.filter') || 'several' in keeper(input).dataset) return; // one stays for the next
    setTimeout(() => { if (document.activeElement === input && (marked || input.value !== before) && input.getAttribute('aria-expanded') === 'false') go(onward(input)); });
  }, true);

  /* --- keys -------------------------------------------------------------------------------------------------------- */
  function nextIssue(from) {
    const fields = all('.f.bad:not([hidden]), .f.soft:not([hidden])');
    const field = fields.find((each) => follows(from, each) && !each.contains(from)) || fields[0];
    const box = field && find('.answers textarea, .f-c .in, .f-c input:checked, .f-c input:not([type=hidden])', field);
    if (box) { box.focus(); field.scrollIntoView({ block: 'center' }); }
  }
  function openMenu(box) {
    const menu = box.closest('.f') && find('.f-t .menu', box.closest('.f'));
    if (!menu) return false;
    menu.open = true;
    typed = '';
    (find('input:checked', menu) || find('input', menu)).focus();
    return true;
  }
  function nextRow(box) {
    const row = box.closest('[data-row].open'), button = row && (find(':scope > .row-end [value^="next:"]', row) || find(':scope > .row-end button', row));
    if (button) form.requestSubmit(button);
    return Boolean(button);
  }
  function goOn(box) {
    const isText = box.matches('textarea') && box.value; // there Enter is a new line
    if (isText || !box.matches('.gone, .in, .opts input') || box.getAttribute('aria-expanded') === 'true') return false;
    go(onward(box));
    return true;
  }
  const KEYS = {
    'alt+b': openMenu,
    f1: (box) => { const help = box.closest('.f') && find('[data-help]', box.closest('.f')); if (help) help.open = !help.open; return Boolean(help); },
    'alt+h': (box) => { const link = box.closest('.f') && find('[data-history]', box.closest('.f')); if (link) link.click(); return Boolean(link); },
    'alt+arrowdown': (box) => { if (box.matches('select, [role=combobox]')) return false; nextIssue(box); return true; },
    'ctrl+s': () => { form.requestSubmit(find('.dock [value=save]')); return true; },
    'ctrl+enter': nextRow,
    enter: goOn,
  };
  const isModifier = (key) => /^(Shift|Control|Alt|AltGraph|Meta)$/.test(key);
  function handle(event, confirms) {
    const box = event.target, key = event.key.toLowerCase(), plain = !event.altKey && !event.ctrlKey && !event.metaKey;
    const combination = (event.altKey ? 'alt+' : '') + (event.ctrlKey || event.metaKey ? 'ctrl+' : '') + key;
    if (event.repeat && key === 'enter') return true; // held down: nothing is pressed by it
    if (confirms && plain && !event.shiftKey && /^(tab|enter)$/.test(key)) return true;
    if (plain && !isOff() && (between(box, key, confirms) || (/^[1-9a-z]$/.test(key) && answer(box, key)) || reason(box, key))) return true;
    return Boolean(KEYS[combination] && (combination === 'enter' || !isOff()) && KEYS[combination](box));
  }
  form.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || isModifier(event.key)) return;
    const confirms = stepped;
    stepped = false;
    if (handle(event, confirms)) event.preventDefault();
  });
  document.addEventListener('keydown', (event) => { if ((event.ctrlKey || event.metaKey) && event.key === 's' && !form.contains(event.target) && !isOff()) { event.preventDefault(); KEYS['ctrl+s'](); } });

  /* --- where one begins: in the row that was opened, after the last row that was closed, in a form that is new ------- */
  function arrive() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (page.begun(target)) return;
    if (target && target.matches('[data-row].open')) { const first = stops(target)[0]; if (first) first.focus({ preventScroll: true }); }
    else if (target && target.matches('[data-row]')) go(target.nextElementSibling ? find('[value^="open:"]', target) : after(target.closest('.group')));
    else if (target && target.matches('.panel') && stops(target)[0]) go(stops(find('.rows', target))[0]);
    else if (target && target.matches('.group')) go(find(':scope > .pad > .add', target));
    else if (!location.hash && document.querySelector('[data-save=new]') && matchMedia('(pointer: fine)').matches && document.activeElement === document.body) go(stops()[0]);
  }
  addEventListener('load', arrive);
}());
