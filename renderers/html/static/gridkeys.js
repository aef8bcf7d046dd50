/* A grid by keyboard and clipboard, as in a spreadsheet: arrows go, typing replaces, F2 edits, blocks are copied, pasted and
   undone. Without it each cell is a field like any other. docs/data-entry.md tells it to those who type. */
(function () {
  'use strict';
  const page = globalThis.ecrfForm, grid = globalThis.ecrfGrid;
  if (!grid) return;
  const { form, all, find, count, say, words, touch } = page;
  const { rows, columns, cellOf, isOpen, textOf, settled, judge, filled } = grid;
  const table = find('[data-grid]'), tools = find('[data-tools]'), said = find('[data-said]');
  const last = { row: rows.length - 1, column: columns.length - 1 };

  /* --- where one is: the cell, the block from there, and whether its text is being edited --------------------------------- */
  let here = null, corner = null, editing = false, typing = false;
  const at = (place, column) => (rows[place] || [])[column];
  function block() {
    if (!here) return [];
    const far = corner || here, [top, bottom] = [here.place, far.place].sort((a, b) => a - b), [left, right] = [here.column, far.column].sort((a, b) => a - b);
    return rows.slice(top, bottom + 1).map((row) => row.slice(left, right + 1));
  }
  function paint() {
    for (const td of all('.chosen', table)) td.classList.remove('chosen');
    if (corner) for (const cell of block().flat()) cell.td.classList.add('chosen');
  }
  function go(cell, { extend = false } = {}) {
    if (!cell) return false;
    if (extend) { corner = cell === here ? null : cell; paint(); cell.td.scrollIntoView({ block: 'nearest', inline: 'nearest' }); return true; }
    look(cell.column); // what is not shown cannot have the focus
    cell.box.focus();
    return true;
  }
  /* On a telephone one column is shown, with the one before it. */
  function look(column) {
    for (const each of all('.near', table)) each.classList.remove('near');
    const head = document.getElementById('c-' + columns[column].key), place = head.cellIndex;
    for (const row of table.rows) for (const each of [row.cells[place], place > 1 && row.cells[place - 1]]) if (each && row.cells.length > 1) each.classList.add('near');
  }
  const previous = document.body.appendChild(Object.assign(document.createElement('span'), { id: 'grid-previous', className: 'vh', hidden: true }));
  form.addEventListener('focusin', (event) => {
    const cell = cellOf(event.target);
    if (!cell || event.target !== cell.box) return;
    [here, corner, editing, typing] = [cell, null, false, false];
    cell.box.dataset.before = cell.box.value;
    const before = textBefore(cell);
    previous.textContent = before ? say('gridPrevious', { value: before }) : '';
    cell.box.setAttribute('aria-description', previous.textContent);
    paint();
    look(cell.column);
    cell.box.select();
  });
  form.addEventListener('focusout', (event) => {
    const cell = cellOf(event.target);
    if (!cell || event.target !== cell.box) return;
    const { before } = cell.box.dataset, after = settled(cell, cell.box.value);
    if (after !== cell.box.value && cell.box.value !== before) { cell.box.value = after; judge([cell]); }
    delete cell.box.dataset.before;
    if (cell.box.value !== before) note([{ cell, before, after: cell.box.value }]);
  });
  form.addEventListener('pointerdown', (event) => { if (here && event.target === here.box && document.activeElement === here.box) editing = true; });
  form.addEventListener('input', (event) => { if (here && event.target === here.box && !editing) typing = true; });

  /* --- changes of several cells, undone and done again -------------------------------------------------------------------- */
  const undone = [], done = [];
  function note(changes) {
    const all = [...changes, ...filled.splice(0)];
    done.push(all);
    undone.length = 0;
    refresh();
  }
  function write(changes, side) {
    for (const change of changes) { change.cell.box.value = change[side]; change.cell.td.classList.toggle('put', side === 'after'); }
    const focused = changes.find(({ cell }) => cell.box === document.activeElement);
    if (focused) { focused.cell.box.dataset.before = focused[side]; focused.cell.box.select(); }
    [editing, typing] = [false, false];
    judge(changes.map(({ cell }) => cell));
    touch();
  }
  /* Gives what found no place. A cell that only appears because of another one is filled in after it. */
  function change(pairs, what) {
    const made = [];
    let rest = pairs, fits = [];
    do {
      fits = rest.filter(([cell]) => isOpen(cell));
      rest = rest.filter(([cell]) => !isOpen(cell));
      const changes = fits.map(([cell, text]) => ({ cell, before: cell.box.value, after: settled(cell, text) })).filter(({ before, after }) => before !== after);
      if (changes.length) write(changes, 'after');
      made.push(...changes);
    } while (fits.length);
    if (made.length) { note(made); tellAll(count('gridFilled', made.length, { what: words[what] })); }
    return { made, rest };
  }
  function again(from, to, side, what) {
    const changes = from.pop();
    if (!changes) return true;
    write(side === 'before' ? [...changes].reverse() : changes, side);
    filled.length = 0;
    to.push(changes);
    if (changes[0].cell.td.offsetParent) go(changes[0].cell);
    tellAll(words[what]);
    refresh();
    return true;
  }
  const undo = () => again(done, undone, 'before', 'gridUndone'), redo = () => again(undone, done, 'after', 'gridRedone');
  function refresh() { find('[data-do=undo]', tools).disabled = !done.length; find('[data-do=redo]', tools).disabled = !undone.length; }
  function tellAll(text) {
    find('span', said).textContent = text;
    said.hidden = false;
    find('[data-filled]').textContent = text;
    return true;
  }

  /* --- from the column before, and on ---------------------------------------------------------------------------------------- */
  function textBefore(cell) {
    const td = cell.td.previousElementSibling, other = cellOf(td);
    if (!td || td.matches('th')) return '';
    return other ? (isOpen(other) ? textOf(other) : '') : td.textContent.trim();
  }
  function copyCell() {
    if (!here) return true;
    const wide = corner && corner.column !== here.column;
    const pairs = block().flatMap((row) => (wide ? row.slice(1).map((cell) => [cell, textOf(row[0])]) : row.map((cell) => [cell, textBefore(cell)])));
    return change(pairs.filter(([cell, text]) => cell.box && text), wide ? 'gridFilledOn' : 'gridCopied').made.length > 0 || tellAll(words.gridNothingToCopy);
  }
  /* A column: what is empty in it. Days and times of the day before are never those of this one. */
  function copyColumn() {
    const column = here ? here.column : last.column;
    if (at(0, column).td.previousElementSibling.matches('th')) return tellAll(words.gridNoBefore);
    const pairs = rows.map((row) => row[column]).filter((cell) => cell.box && !cell.box.value.trim() && !cell.kind.moment).map((cell) => [cell, textBefore(cell)]);
    return change(pairs.filter(([, text]) => text), 'gridCopied').made.length > 0 || tellAll(words.gridNothingToCopy);
  }

  /* --- the clipboard ------------------------------------------------------------------------------------------------------------ */
  const quoted = (text) => (/["\t\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);
  form.addEventListener('copy', (event) => {
    if (!here || event.target !== here.box || editing) return;
    event.clipboardData.setData('text/plain', block().map((row) => row.map((cell) => quoted(textOf(cell))).join('\t')).join('\n'));
    event.preventDefault();
  });
  form.addEventListener('cut', (event) => { if (here && event.target === here.box && !editing) { event.clipboardData.setData('text/plain', block().map((row) => row.map((cell) => quoted(textOf(cell))).join('\t')).join('\n')); event.preventDefault(); empty(); } });
  /* Lines and tabs; what a spreadsheet puts in quotation marks may hold both. */
  function parse(text) {
    const found = [[]];
    for (const [, inQuotes, plain, end] of text.replace(/\r\n?/g, '\n').matchAll(/(?:"((?:[^"]|"")*)"|([^\t\n]*))(\t|\n|$)/g)) {
      found.at(-1).push(inQuotes === undefined ? plain : inQuotes.replace(/""/g, '"'));
      if (end === '\n') found.push([]);
      if (end === '') break;
    }
    if (found.length > 1 && found.at(-1).join('') === '') found.pop();
    return found;
  }
  form.addEventListener('paste', (event) => {
    if (!here || event.target !== here.box || editing) return;
    const text = event.clipboardData.getData('text/plain');
    event.preventDefault();
    if (text) paste(parse(text));
  });
  function paste(lines) {
    const target = corner && lines.length === 1 && lines[0].length === 1 ? null : [Math.min(here.place, corner ? corner.place : here.place), Math.min(here.column, corner ? corner.column : here.column)];
    if (!target) { change(block().flat().filter((cell) => cell.box).map((cell) => [cell, lines[0][0]]), 'gridPasted'); return; }
    const wide = Math.max(...lines.map((line) => line.length)), room = { free_rows: rows.length - target[0], free_columns: columns.length - target[1] };
    if (lines.length > room.free_rows || wide > room.free_columns) { tellAll(say('gridNoRoom', { rows: lines.length, columns: wide, ...room })); return; }
    const pairs = lines.flatMap((line, down) => line.map((text, over) => [at(target[0] + down, target[1] + over), text.trim()]));
    const left = change(pairs, 'gridPasted').rest.filter(([cell, text]) => text && text !== textOf(cell));
    if (left.length) tellAll([said.hidden ? '' : find('span', said).textContent, count('gridLeftOut', left.length, { what: left.map(([cell, text]) => `${cell.label}: ${text}`).join('; ') })].join(' '));
    corner = at(target[0] + lines.length - 1, target[1] + wide - 1);
    if (corner === here) corner = null;
    paint();
  }
  function empty() { change(block().flat().filter(isOpen).map((cell) => [cell, '']), 'gridCleared'); return true; }

  /* --- why a value is missing ------------------------------------------------------------------------------------------------- */
  const dialog = find('[data-reasons]');
  function askReason() {
    const cell = here, choices = cell && isOpen(cell) ? Object.entries(cell.kind.missing) : [];
    if (!choices.length) return tellAll(words.gridNoReasons);
    find('h2', dialog).textContent = say('gridReasonOf', { what: `${cell.label}, ${columns[cell.column].title}` });
    find('[data-choices]', dialog).replaceChildren(...choices.map(([code, text], place) => {
      const button = Object.assign(document.createElement('button'), { type: 'button', className: 'btn', value: code, textContent: text });
      button.append(' ', Object.assign(document.createElement('kbd'), { textContent: place + 1, ariaHidden: 'true' }));
      return button;
    }));
    dialog.showModal();
    return true;
  }
  function choose(code) {
    const cell = here;
    dialog.close();
    cell.box.focus();
    change([[cell, `[${cell.kind.missing[code]}]`]], 'gridFilledOn');
  }
  dialog.addEventListener('click', (event) => { const button = event.target.closest('button'); if (button) { if (button.value) choose(button.value); else dialog.close(); } });
  dialog.addEventListener('keydown', (event) => {
    const buttons = all('[data-choices] button', dialog), step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const wanted = /^[1-9]$/.test(event.key) && buttons[event.key - 1];
    if (wanted) choose(wanted.value);
    else if (step) (buttons[(buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length]).focus();
    else if (event.key !== 'Escape' && event.key !== 'Tab' && event.key !== 'Enter' && event.key !== ' ') return;
    event.stopPropagation();
    if (wanted || step) event.preventDefault();
  });
  dialog.addEventListener('close', () => go(here));

  /* --- keys ----------------------------------------------------------------------------------------------------------------------- */
  const STEPS = { arrowleft: [0, -1], arrowright: [0, 1], arrowup: [-1, 0], arrowdown: [1, 0] };
  function next(from, [down, over]) {
    let cell = from;
    do cell = at(cell.place + down, cell.column + over); while (cell && !isOpen(cell));
    return cell;
  }
  /* To the end of what is filled in, or to where it begins again. */
  function jump(from, step) {
    const isFull = (cell) => Boolean(cell) && cell.box.value !== '';
    let cell = next(from, step);
    if (!cell) return from;
    const inside = isFull(from) && isFull(cell);
    for (let after = next(cell, step); after && (inside ? isFull(after) : !isFull(cell)); after = next(cell, step)) cell = after;
    return cell;
  }
  const inRow = (place, from, step) => { let cell = at(place, from); while (cell && !isOpen(cell)) cell = at(place, cell.column + step); return cell; };
  const edge = (from, step) => { for (let place = from; rows[place]; place += step) { const cell = inRow(place, step > 0 ? 0 : last.column, step); if (cell) return cell; } return null; };
  function move(key, event) {
    const from = (event.shiftKey && corner) || here, far = event.ctrlKey || event.metaKey, extend = event.shiftKey;
    if (STEPS[key]) return go(far ? jump(from, STEPS[key]) : next(from, STEPS[key]) || from, { extend });
    if (key === 'home') return go(far ? edge(0, 1) : inRow(from.place, 0, 1), { extend });
    return go(far ? edge(last.row, -1) : inRow(from.place, last.column, -1), { extend });
  }
  function leaves(key, event) { // whether an arrow goes to another cell: not within a text that is edited, not through a list that is open
    if (!/^(arrow|home$|end$)/.test(key) || event.altKey) return false;
    if (editing) return false;
    return !(typing && here.box.list && /arrow(up|down)/.test(key));
  }
  function line(box) { box.setRangeText('\n', box.selectionStart, box.selectionEnd, 'end'); box.dispatchEvent(new Event('input', { bubbles: true })); return true; }
  function restore() {
    if (corner) { corner = null; paint(); return true; }
    const { before } = here.box.dataset;
    if (here.box.value !== before) { here.box.value = before; judge([here]); touch(); }
    [editing, typing] = [false, false];
    here.box.select();
    return true;
  }
  const KEYS = {
    f2: () => { editing = true; here.box.setSelectionRange(here.box.value.length, here.box.value.length); return true; },
    enter: () => go(next(here, [1, 0]) || here),
    'shift+enter': () => go(next(here, [-1, 0]) || here),
    'alt+enter': () => here.box.matches('textarea') && line(here.box),
    escape: restore,
    delete: () => !editing && !typing && empty(),
    backspace: () => !editing && !typing && empty(),
    'ctrl+d': copyCell,
    'ctrl+shift+d': copyColumn,
    'ctrl+z': () => (typing || editing) && here.box.value !== here.box.dataset.before ? restore() : undo(),
    'ctrl+y': redo,
    'ctrl+shift+z': redo,
    'alt+b': askReason,
    'alt+arrowdown': () => { if (here.box.list && here.box.showPicker) here.box.showPicker(); return true; },
  };
  form.addEventListener('keydown', (event) => {
    const key = event.key.toLowerCase();
    if (event.defaultPrevented || event.isComposing || !here || event.target !== here.box) return;
    const combination = (event.altKey ? 'alt+' : '') + (event.ctrlKey || event.metaKey ? 'ctrl+' : '') + (event.shiftKey ? 'shift+' : '') + key;
    if (leaves(key, event) ? move(key, event) : KEYS[combination] && KEYS[combination]()) event.preventDefault();
  });
  document.addEventListener('keydown', (event) => { if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 's') { event.preventDefault(); if (here) here.box.blur(); form.requestSubmit(find('.dock [value=save]')); } });

  form.addEventListener('click', (event) => { const link = event.target.closest('a[href^="#"]'), cell = link && cellOf(document.getElementById(decodeURIComponent(link.hash.slice(1)))); if (cell) look(cell.column); }, true);
  const DO = { column: copyColumn, copy: copyCell, missing: askReason, undo, redo, before: () => go(next(here, [0, -1])), after: () => go(next(here, [0, 1])) };
  tools.addEventListener('mousedown', (event) => event.preventDefault()); // the cell keeps the focus
  tools.addEventListener('click', (event) => { const button = event.target.closest('[data-do]'); if (button) DO[button.dataset.do](); });
  tools.hidden = false;
  find('[data-keys-help]').hidden = false;
  table.dataset.live = '';
  here = edge(0, 1) && (inRow(edge(0, 1).place, last.column, -1) || edge(0, 1));
  if (here) look(here.column);
}());
