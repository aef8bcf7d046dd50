/* A form being filled: what is shown, calculated, wrong, where a change matters. The twin of session.py,
   fed by browser.py (engine/records); typed text is read as in engine/datatypes. Needs rules.js. */
(function (root) {
  'use strict';
  const rules = typeof module === 'object' ? require('./rules.js') : root.ecrfRules;
  const { D, Moment, Frame, build, buildIf, decode, plain, compare, comparePartial, isNumber, isWithin, gather, dayOf, earliest, latest, two } = rules;

  /* --- words: templates of the message catalogue, filled as engine/datatypes/words.py does --- */
  function wordsOf({ language, messages, quotes, months, labels }) {
    const polish = language === 'pl';
    const local = (text) => (polish ? text.replace('.', ',') : text);
    const date = (text) => (polish ? text.split('-').reverse().join('.') : text);
    function moment(value) {
      const text = value.toString();
      return `${date(text.slice(0, 10))} ${text.slice(11, 16)}${resolve(value.at + value.offset).length > 1 ? ' ' + text.slice(16) : ''}`;
    }
    function tell(value, kind) {
      if (isNumber(value)) return local(value.toFixed()).replace('-', '\u2212');
      if (value instanceof Moment) return moment(value);
      if (Array.isArray(value)) return value.map((each) => tell(each, kind)).join(', ');
      if (typeof value === 'boolean') return (polish ? ['nie', 'tak'] : ['no', 'yes'])[Number(value)];
      return /date/.test(kind) ? date(value) : String(value);
    }
    const plurals = new Intl.PluralRules(language);
    const tellers = {
      quote: (part) => quotes[0] + visible(part) + quotes[1],
      month: (part) => months[part - 1],
      plural: (part, forms) => forms.split('|').at({ one: 0, few: 1 }[plurals.select(part)] ?? -1),
      unit: (part) => (part ? ' ' + part : ''),
    };
    const fill = (key, parts) => messages[key].replace(/\{(\w+)(?::(\w+)(?::([^{}]*))?)?\}/g, (_, name, teller, forms) => (teller ? tellers[teller](parts[name], forms) : parts[name]));
    const label = (list, code) => (labels[list] && Object.hasOwn(labels[list], code) ? labels[list][code] : code);
    return { tell, fill, label };
  }

  /* --- typed text -> {value}, {} for nothing, or {unread: code, message, parts} (engine/datatypes) --- */
  const SPACE = '(?:[^\\S\\ufeff]|[\\x1c-\\x1f\\x85])'; // as Python strips
  const ENDS = new RegExp(`^${SPACE}+|${SPACE}+$`, 'g');
  const strip = (text) => text.replace(ENDS, '');
  const FORBIDDEN = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}\u2028-\u202e\u2066-\u2069]/u;
  const GAP = '[ \\u00a0\\u2009\\u202f]';
  const TYPED = new RegExp(`^([+-]?)([0-9]{1,3}(?:${GAP}[0-9]{3})+|[0-9]*)(?:[.,]([0-9]+))?$`);
  const MIXED = new RegExp(`^[+-]?(?:[0-9]|${GAP})*[.,](?:[0-9]|${GAP})*[.,](?:[0-9.,]|${GAP})*$`);
  const SPACED = new RegExp(`^[+-]?(?:[0-9.,]|${GAP})*[0-9](?:[0-9.,]|${GAP})*$`);
  const unicode = (character) => 'U+' + character.codePointAt().toString(16).toUpperCase().padStart(4, '0');
  const visible = (text) => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (each) => (each < ' ' ? String.fromCodePoint(9216 + each.codePointAt()) : `[${unicode(each)}]`));
  function refuse(text, message, parts = {}, unread = 'type') {
    const echo = [...text.replace(/\0/g, '\u2400')];
    return { unread, message, parts: { value: (echo.length > 60 ? [...echo.slice(0, 59), '\u2026'] : echo).join(''), ...parts } };
  }
  function number(text, decimals) {
    const short = strip(text).replace('\u2212', '-'), match = TYPED.exec(short);
    if (short.length > 100) return refuse(text, 'number_digits', { digits: '34' });
    if (!match || !(match[2] || match[3])) return refuse(text, MIXED.test(short) ? 'number_mixed' : SPACED.test(short) && new RegExp(GAP).test(short) ? 'number_spaces' : 'number_form');
    return fit(new D(`${match[1] === '-' ? '-' : ''}${match[2].replace(/[^0-9]/g, '') || 0}.${match[3] || 0}`), decimals, text);
  }
  function fit(value, decimals, text) {
    const places = value.decimalPlaces();
    if ((value.s && (value.exponent() < -34 || value.exponent() >= 34)) || value.precision() > 34 || places > 34) return refuse(text, 'number_digits', { digits: '34' });
    if (decimals === 0 && places) return refuse(text, 'integer_fraction');
    return decimals !== undefined && places > decimals ? refuse(text, 'number_decimals', { decimals: String(decimals) }) : { value };
  }
  function quantity(text, facets) {
    const { unit = '', units = {}, spellings = {}, decimals } = facets, typed = strip(text);
    let rest = typed, found = '';
    const spelling = Object.keys(spellings).find((each) => {
      const head = typed.slice(0, -each.length);
      const glued = head === strip(head) && /^[0-9]/.test(each);
      return typed.endsWith(each) && /[0-9]$/.test(strip(head)) && !glued;
    });
    if (spelling) [rest, found] = [typed.slice(0, -spelling.length), spellings[spelling]];
    else if (/^[0-9]/.test(typed)) {
      const foreign = /^([^ ]*) (.*)$/s.exec(typed);
      if (foreign && strip(foreign[2]) && !/^[0-9]/.test(strip(foreign[2]))) [rest, found] = [foreign[1], strip(foreign[2])];
    }
    const read = number(rest);
    if (!read.value) return read;
    const factors = { [unit]: '1', ...units }, names = Object.keys(factors), allowed = names.filter(Boolean).join(', ') || '1';
    if (!found && names.length > 1) return refuse(text, 'quantity_no_unit', { allowed });
    found ||= unit;
    if (!names.includes(found)) return refuse(text, 'quantity_unit', { unit: found.slice(0, 40), allowed });
    const stored = rules.divide(read.value, new D(factors[found]));
    const kept = fit(decimals === undefined ? stored : stored.toDecimalPlaces(decimals), undefined, text);
    return kept.value ? { ...kept, entered: { value: read.value.toFixed(), unit: found } } : kept;
  }
  function buildDate(year, month, date, text) {
    const fault = refuseMonth(year, month, text), last = rules.lastOf(year, month);
    if (fault) return fault;
    if (date < 1 || date > last) return refuse(text, 'date_day', { year: String(year), month: String(month), days: String(last) });
    return { value: rules.isoDay(year, month, date) };
  }
  function refuseMonth(year, month, text) {
    if (year < 1800 || year > 2199) return refuse(text, 'date_year', { first: '1800', last: '2199' });
    return month < 1 || month > 12 ? refuse(text, 'date_month', { month: String(month) }) : null;
  }
  function fullDate(text) {
    const typed = strip(text), iso = /^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})$/.exec(typed);
    if (iso) return buildDate(...iso.slice(1).map(Number), text);
    const local = /^([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4})$/.exec(typed);
    if (local) return buildDate(Number(local[4]), Number(local[3]), Number(local[1]), text);
    if (/^[0-9]{1,2}([./-])[0-9]{1,2}\1[0-9]{2}$/.test(typed)) return refuse(text, 'date_short_year');
    return refuse(text, /^([0-9]{0,2}([./-])[0-9]{0,2}\2[0-9]{0,4}|[0-9]{4}(-[0-9]{1,2})?|[0-9]{1,2}[./-][0-9]{4})$/.test(typed) ? 'date_incomplete' : 'date_form');
  }
  function partialDate(text) {
    const typed = strip(text);
    for (const shape of [/^(?<y>[0-9]{4})(?:-(?<m>[0-9]{1,2}))?$/, /^(?<m>[0-9]{1,2})[./-](?<y>[0-9]{4})$/, /^(?<d>[0-9]{0,2})\.(?<m>[0-9]{0,2})\.(?<y>[0-9]{4})?$/, /^(?<y>[0-9]{4})--(?<d>[0-9]{1,2})$/]) {
      const match = shape.exec(typed);
      if (!match) continue;
      const { y, m, d } = match.groups;
      if (!y) return refuse(text, 'partial_without_year');
      if (d && !m) return refuse(text, 'partial_day_without_month');
      if (d) return buildDate(Number(y), Number(m), Number(d), text);
      return refuseMonth(Number(y), m ? Number(m) : 1, text) || { value: m ? `${y}-${two(Number(m))}` : y };
    }
    const full = fullDate(text);
    return full.message === 'date_form' || full.message === 'date_incomplete' ? refuse(text, 'partial_form') : full;
  }
  function time(text) {
    const match = /^([0-9]{1,2})[:.]?([0-9]{2})((?::[0-9]{2}(?:\.[0-9]+)?)?)$/.exec(strip(text));
    if (!match) return refuse(text, 'time_form');
    if (match[1] > 23 || match[2] > 59) return refuse(text, 'time_range');
    return /[1-9]/.test(match[3]) ? refuse(text, 'time_seconds') : { value: `${two(match[1])}:${match[2]}` };
  }
  /* The moments of a wall time: none if it was skipped, two if repeated. */
  function resolve(wall) {
    const offsets = new Set([rules.localMoment(wall - 2880).offset, rules.localMoment(wall + 2880).offset]);
    return [...offsets].map((offset) => rules.localMoment(wall - offset)).filter((each) => each.at + each.offset === wall).sort((a, b) => a.at - b.at);
  }
  const clock = (wall) => new Moment(wall, 0).toString().slice(11, 16);
  function dateTime(text) {
    const match = /^([0-9./-]{8,10})(?:T|,? {1,3})([0-9]{1,2}[0-9:.]{2,16}) {0,3}(Z|[+\-\u2212][0-9]{2}:?[0-9]{2})?$/.exec(strip(text));
    if (!match) return refuse(text, 'datetime_form');
    const date = fullDate(match[1]), hour = time(match[2]);
    if (!date.value || !hour.value) return date.value ? hour : date;
    const wall = rules.count(date.value) * 1440 + rules.minutesOf(hour.value), outside = refuse(text, 'date_year', { first: '1900', last: '2199' });
    const inside = (iso) => iso >= '1900' && iso < '2200';
    if (match[3]) {
      const offset = match[3] === 'Z' ? 0 : Number(match[3].slice(1, 3)) * 60 + Number(match[3].slice(-2));
      if (offset > 840 || match[3].slice(-2) > 59) return refuse(text, 'offset_form');
      const value = rules.localMoment(wall + (match[3][0] === '+' ? -offset : offset));
      return inside(value.toString()) ? { value } : outside;
    }
    if (!inside(date.value)) return outside;
    const found = resolve(wall);
    if (found.length === 1) return { value: found[0] };
    if (found.length) return refuse(text, 'ambiguous_time', { first: found[0].toString().slice(16), second: found[1].toString().slice(16) });
    const zone = rules.zone(), next = zone.findIndex(([since, offset]) => since / 60 + offset > wall), since = zone[next][0] / 60;
    return refuse(text, 'skipped_time', { gap_from: clock(since + zone[next - 1][1]), gap_to: clock(since + zone[next][1]) });
  }
  function code(text, { choices = [], also = {}, open, shape }) {
    const typed = strip(text), value = Object.hasOwn(also, typed) && !choices.includes(typed) ? also[typed] : typed;
    if (shape && !choices.includes(value)) return new RegExp(`^(?:${shape[0]})$`).test(value) ? { value } : refuse(text, shape[1], {}, 'pattern');
    if (choices.includes(value) || (open && /^[A-Za-z0-9][A-Za-z0-9_.:/+*-]{0,63}$/.test(value))) return { value };
    return open ? refuse(text, 'code_form') : refuse(text, 'not_in_list', {}, 'not_in_list');
  }
  function codes(text, facets) {
    const found = text.split(/[,;\n]/).filter(strip).map((each) => code(each, facets)), wrong = found.find((each) => each.unread);
    if (wrong) return wrong;
    const values = [...new Set(found.map((each) => each.value))], place = (each) => (facets.choices || []).indexOf(each) >>> 0; // unknown ones last
    return values.length ? { value: values.sort((a, b) => place(a) - place(b)) } : {};
  }
  function cleanText(text, { length }, breaks) {
    const value = strip(breaks ? text.replace(/\r\n|[\r\u2028\u2029]/g, '\n') : text).normalize('NFC'), long = [...value].length;
    if (!value) return {};
    const match = FORBIDDEN.exec(breaks ? value.replace(/\n/g, ' ') : value);
    if (match) return refuse(value, 'text_character', { character: unicode(match[0]), place: String([...value.slice(0, match.index)].length + 1) });
    return length && long > length ? refuse(value, 'length', { length: String(long), max: String(length), over: String(long - length) }, 'length') : { value };
  }
  function boolean(text) {
    const answer = /^(?:(true|tak|yes|1)|false|nie|no|0)$/.exec(strip(text).toLowerCase());
    return answer ? { value: Boolean(answer[1]) } : refuse(text, 'boolean_form');
  }
  function reference(text) {
    const read = cleanText(text, {});
    return read.value && [...read.value].length > 200 ? refuse(text, 'reference_form') : read;
  }
  const READERS = {
    integer: (text) => number(text, 0),
    decimal: (text, facets) => number(text, facets.decimals),
    quantity,
    boolean,
    date: (text) => (strip(text) === '..' ? {} : fullDate(text)),
    time,
    datetime: dateTime,
    partial_date: (text) => (strip(text) === '..' ? {} : partialDate(text)),
    code,
    codes,
    text: (text, facets) => cleanText(text, facets),
    long_text: (text, facets) => cleanText(text, facets, true),
    identifier: (text, facets) => cleanText(text.replace(/[\s\x1c-\x1f\x85\u00ad\u2010-\u2013\u2212\u200b-]/g, '').toUpperCase(), facets), // its check stays on the server
    file: cleanText, // its name
    row_ref: reference,
    record_ref: reference,
    heading: (text) => refuse(text, 'no_value'),
    note: (text) => refuse(text, 'no_value'),
  };
  const parse = (type, text, facets) => (strip(text) ? READERS[type](text, facets || {}) : {});
  const fromRule = ({ type, facets }, value) => parse(type === 'quantity' ? 'decimal' : type, [plain(value)].flat().join(', '), facets); // in the stored unit

  /* What the parts of a control hold, as one text (renderers/html/fields.py). */
  function joined(control, { text, codes: chosen, parts: { d = '', m = '', y = '', t = '', u } }) {
    if (control === 'choices') return chosen.join(', ');
    if (control === 'quantity') return strip(text) && u ? `${strip(text)} ${u}` : text;
    if (!/date/.test(control)) return text;
    [d, m, y, t] = [d, m, y, t].map(strip);
    const date = !m && !y ? (/[.-]/.test(d) || !d ? d : `${d}..`) : !d && y ? (m ? `${m}.${y}` : y) : `${d}.${m}.${y}`;
    return control === 'datetime' ? strip(`${date} ${t}`) : date;
  }

  /* --- SHA-256: confirmations hang on what a check read --- */
  const primes = [];
  for (let n = 2; primes.length < 64; n += 1) if (primes.every((prime) => n % prime)) primes.push(n);
  const root32 = (exponent) => primes.map((prime) => (prime ** exponent * 2 ** 32) | 0);
  const ROUNDS = root32(1 / 3), START = root32(1 / 2).slice(0, 8);
  const turn = (x, by) => (x >>> by) | (x << (32 - by));
  function sha256(text) {
    const bytes = new TextEncoder().encode(text), length = ((bytes.length + 72) >> 6) << 6, data = new DataView(new ArrayBuffer(length));
    bytes.forEach((byte, i) => data.setUint8(i, byte));
    data.setUint8(bytes.length, 128);
    data.setUint32(length - 4, bytes.length * 8);
    let hash = START;
    for (let block = 0; block < length; block += 64) {
      const w = Array.from({ length: 16 }, (_, i) => data.getInt32(block + i * 4));
      let [a, b, c, d, e, f, g, h] = hash;
      for (let i = 0; i < 64; i += 1) {
        if (i > 15) {
          const x = w[i - 15], y = w[i - 2];
          w[i] = (w[i - 16] + w[i - 7] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10))) | 0;
        }
        const one = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + ROUNDS[i] + w[i];
        const other = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + other) | 0];
      }
      hash = [a, b, c, d, e, f, g, h].map((part, i) => (part + hash[i]) | 0);
    }
    return hash.map((part) => (part >>> 0).toString(16).padStart(8, '0')).join('');
  }

  /* --- the session --- */
  class Session {
    constructor(program, state) {
      rules.zone(program.zone);
      this.program = program;
      this.at = state.at;
      this.words = wordsOf(program);
      this.concerns = program.concerns.map((pairs) => new Map(pairs));
      this.world = {
        asOf: decode(state.as_of),
        rows: new Map(),
        positions: program.positions,
        label: this.words.label,
        attributes: {},
        parameters: decodeAll(program.parameters),
      };
      for (const [list, names] of Object.entries(program.attributes)) {
        this.world.attributes[list] = Object.fromEntries(Object.entries(names).map(([name, [other, table]]) => [name, [decode(other), decodeAll(table)]]));
      }
      this.prepare(program);
      this.nodes = this.plant(state);
      this.pages = state.pages.map((page) => this.open(page));
      this.turn(0);
      for (const step of this.steps) this.settleAll(step);
      this.pages.filter((page) => !page.waiting.length).forEach((page) => this.index(page));
      this.judgeAll();
      for (const [step, node, entry] of this.defaults()) node.offers[step.id] = this.due(step, node, entry);
    }

    /* Terms become closures, keys learn who reads them. */
    prepare(program) {
      this.scopes = program.scopes.map((scope) => ({ ...scope, nodes: [], family: [] }));
      this.scopes.forEach((scope) => { for (let outer = scope; outer; outer = this.scopes[outer.parent]) outer.family.push(scope); });
      this.steps = program.steps.map((step) => ({
        ...step,
        scope: this.scopes[step.scope],
        visible: buildIf(step.visible),
        calculate: buildIf(step.calculate),
        default: buildIf(step.default),
      }));
      this.parts = new Map(program.parts.map((part) => [this.scopes[part.scope], { ...part, items: part.items.map((item) => this.item(item)) }]));
      this.checks = program.checks.map((check) => ({ ...check, parts: check.parts.map((part) => ({ ...part, run: build(part.term) })) }));
      this.stepsOf = byKey(this.steps.map((step, place) => [place, [step.key, ...step.reads]]));
      this.itemsOf = byKey([...this.parts.values()].flatMap((part) => part.items.filter((item) => item.key).map((item) => [[this.scopes[part.scope], item], item.reads || []])));
      this.checksOf = byKey(this.checks.map((check, place) => [place, check.reads]));
    }

    item(item) {
      const facets = { ...item.facets, ...(item.list in this.program.codes ? { choices: this.program.codes[item.list] } : {}) };
      const ranges = (item.ranges || []).map(([hard, low, lowOn, high, highOn]) => ({ hard, low: buildIf(low), lowOp: lowOn ? '>=' : '>', high: buildIf(high), highOp: highOn ? '<=' : '<' }));
      return { ...item, facets, ranges, only: buildIf(item.only), isRequired: Array.isArray(item.required) ? build(item.required) : null };
    }

    /* The nodes that the state lists; parents come first. */
    plant(state) {
      const nodes = [];
      for (const given of state.nodes) {
        const node = this.node(this.scopes[given.scope], nodes[given.parent] || null, given.key, given.name);
        node.event = given.event || null;
        node.where = given.where; // another record that checks are about
        node.values = decodeAll(given.values || {});
        node.entered = decodeAll(given.entered || {});
        node.hidden = new Set(given.hidden);
        node.required = new Set(given.required);
        if (given.detached) this.world.rows.set(given.key, node); // there, but out of reach
        else if (!given.waits) this.hang(node);
        nodes.push(node);
      }
      return nodes;
    }
    node(scope, parent, key, name = key) {
      return { scope, parent, key, name, values: {}, entered: {}, kids: {}, hidden: new Set(), required: new Set(), entries: null, event: null, offers: {}, standing: new Set() };
    }
    hang(node) {
      node.scope.nodes.push(node);
      if (node.parent) node.place = (node.parent.kids[node.scope.id] ||= []).push(node) - 1;
      if (node.scope.kind === 'form' || node.scope.kind === 'group') this.world.rows.set(node.key, node);
    }
    frame(node) { return new Frame(node, this.world); }

    /* Pages: the records that are shown side by side; mostly there is one. What does not exist yet waits (sheets.js). */
    open({ focus, homes, told, touched, waiting }) {
      const at = (place) => this.nodes[place];
      return { focus: at(focus), homes: homes.map((each) => each.map(at)), told, touched: touched && new Set(touched), waiting: waiting.map(at), offered: new Map(), found: [], entries: [], shown: null };
    }
    turn(place) {
      this.page = this.pages[place];
      return this;
    }

    /* --- settling: is it shown, what do rules see of it; true when that changed --- */
    settle(step, node) {
      const before = node.values[step.id], frame = this.frame(node);
      if (step.type === 'outcome') {
        node.values[step.id] = step.calculate ? step.calculate(frame) : null;
        return !sameValue(before, node.values[step.id]);
      }
      let shown = step.visible ? step.visible(frame) : true;
      if (shown && isHidden(node)) shown = false;
      const changed = node.hidden.has(step.id) === Boolean(shown);
      if (shown) node.hidden.delete(step.id); else node.hidden.add(step.id);
      const entry = node.entries && node.entries.get(step.id);
      if (entry) entry.on = Boolean(shown);
      if (step.type === 'group') return changed;
      let value = null;
      if (shown || step.keeps) {
        const entered = step.calculate ? step.calculate(frame) : node.entered[step.id];
        if (!isEmpty(entered)) value = entered;
      }
      node.values[step.id] = value;
      return changed || !sameValue(before, value);
    }
    settleAll(step) { rules.remembering(this.world, () => step.scope.nodes.forEach((node) => this.settle(step, node))); }
    /* --- defaults (engine/records/offers.py); an untouched offer (`standing`) follows its default --- */
    * defaults() {
      for (const step of this.steps) if (step.default) for (const node of step.scope.nodes) if (node.entries) yield [step, node, node.entries.get(step.id)];
    }
    /* What a default says, as if its item were empty. */
    due(step, node, { item }) {
      if (node.hidden.has(step.id)) return null;
      const kept = node.values[step.id];
      node.values[step.id] = null;
      const value = step.default(this.frame(node));
      node.values[step.id] = kept;
      return (value === null ? null : fromRule(item, value).value) ?? null;
    }
    offer(dirty) {
      const changed = new Set(dirty.keys());
      for (const [step, node, entry] of this.defaults()) {
        if (![step.key, ...step.asks].some((key) => changed.has(key))) continue;
        const { id } = step, { entered, offers, standing } = node, value = this.due(step, node, entry), before = entered[id] ?? null;
        if (sameValue(offers[id], value)) continue;
        offers[id] = value;
        if ((before !== null && !standing.has(id)) || sameValue(before, value) || !this.reaches(entry)) continue;
        if (value === null) { delete entered[id]; standing.delete(id); } else { entered[id] = value; standing.add(id); }
        entry.page.offered.set(entry.path, value);
        this.propagate(new Map([[step.key, new Set([node])]])).forEach((_, key) => changed.add(key));
      }
    }
    reaches() { return true; } // form.js: is it on the page?

    /* --- judging --- */
    judgeAll() {
      rules.remembering(this.world, () => {
        for (const { entries } of this.pages) entries.forEach((entry) => this.judge(entry));
        this.checks.forEach((_, place) => this.check(place));
      });
    }
    judge(entry) {
      const { node, item, on } = entry;
      if (!item || !item.key) return;
      const needs = item.isRequired ? item.isRequired(this.frame(node)) === true : item.required === 'told' ? node.required.has(item.id) : item.required === true;
      const entered = node.entered[item.id] ?? null;
      entry.value = node.values[item.id] ?? null;
      entry.filled = entered !== null && !entered.unread;
      entry.twice = entered !== null && entered.message === 'ambiguous_time';
      entry.needs = on && needs && !item.calculated;
      entry.faults = on ? this.faults(entry).map((fault) => builtIn(entry, ...fault)) : NONE;
    }
    faults({ node, item, needs }) {
      const { fill, tell, label } = this.words, entered = node.entered[item.id] ?? null;
      if (!item.calculated) {
        if (entered === null) return needs ? [['required', fill(item.reasons ? 'required_or_reason' : 'required', { label: item.label })]] : [];
        if (entered.unread) return [[entered.unread, entered.told || fill(entered.message, entered.parts)]];
        if (entered.missing) return (item.reasons || []).includes(entered.missing) ? [] : [['missing_not_allowed', fill('missing_not_allowed', { reason: entered.missing })]];
      }
      const value = node.values[item.id] ?? null, found = [];
      if (value === null) return found;
      const { unread } = item.calculated ? fromRule(item, value) : {};
      if (unread) found.push([unread, fill('calculated_misfit', { value: tell(value, item.kind) })]);
      for (const code of item.only ? [value].flat() : []) {
        if (this.refuses(item, node, code)) found.push(['not_in_list', fill('not_in_list', { value: label(item.list, code) })]);
      }
      const alone = item.exclusive && value.length > 1 ? value.find((code) => item.exclusive.includes(code)) : undefined;
      if (alone !== undefined) found.push(['exclusive', fill('exclusive', { first: label(item.list, alone), second: label(item.list, value.find((code) => code !== alone)) })]);
      this.ranges(node, item, value, found);
      if (item.kind === 'reference' && !item.judged) {
        if (!this.world.rows.has(value)) found.push(['not_in_list', fill('not_in_list', { value })]);
        const first = item.unique ? rules.recalled(this.world, item, node.parent, () => firstRows(node, item)).get(value) : node.place;
        if (first < node.place) found.push(['unique', fill('unique', { value: this.rowName(value), row: first + 1 })]);
      }
      return found.map((each) => each.map((part) => (isNumber(part) ? tell(part) : part)));
    }
    refuses({ only }, node, code) { return only(new Frame(node, this.world, null, { code })) === false; }
    ranges(node, item, value, found) {
      const broken = {}, { tell } = this.words;
      for (const { hard, low, lowOp, high, highOp } of item.ranges) {
        const least = low ? low(this.frame(node)) : null, most = high ? high(this.frame(node)) : null;
        const early = !holds(lowOp, value, least, item.kind);
        if (broken[hard] || (!early && holds(highOp, value, most, item.kind))) continue;
        broken[hard] = true;
        if (!hard && broken.true) continue;
        let key = hard ? 'range_hard' : 'range_soft';
        const code = key;
        key += /date|time/.test(item.kind) ? '_' + (early ? lowOp : highOp) : (least === null ? '' : lowOp) + (most === null ? '' : highOp);
        const parts = { value: tell(value, item.kind), low: least === null ? '' : tell(least, item.kind), high: most === null ? '' : tell(most, item.kind), unit: item.unit };
        found.push([code, `${this.words.fill(key, parts)} ${item.remedies[Number(hard)]}`, hard ? 'error' : 'warning']);
      }
    }
    rowName(key) {
      const row = this.world.rows.get(key), [name, kind] = (row && row.scope.key) || [], value = name && (row.values[name] ?? null);
      return name && value !== null ? this.words.tell(value, kind) : key;
    }
    check(place) {
      const check = this.checks[place];
      check.elsewhere = new Map();
      if (check.at === 'signing' && this.at !== 'signing') return;
      for (const page of this.pages) if (!page.waiting.length) page.found[place] = [...this.broken(check, page.homes[place])];
    }
    * broken(check, homes) {
      for (const home of homes) {
        for (const part of check.parts) {
          const outer = this.frame(home);
          const frames = part.rows ? gather(home, part.rows).map((row) => new Frame(row, this.world, outer)) : [outer];
          for (const frame of frames) if (part.run(frame) === false) yield this.violation(check, part, frame.node, home);
        }
      }
    }
    violation(check, part, node, home) {
      const row = pathOf(node), on = part.on_form ? pathOf(home) : row;
      const item = check.on ? on + (on && '.') + check.on : row;
      const lines = [node.name];
      const value = (of, at) => JSON.stringify(rules.encode(at.values[of] ?? null));
      const digest = (parts) => sha256(parts.join('\n')).slice(0, 16);
      const elsewhere = (key, name, scopes) => {
        if (!check.elsewhere.has(key)) check.elsewhere.set(key, digest(scopes.flatMap((scope) => this.scopes[scope].nodes.map((each) => `${each.name}=${value(name, each)}`)).sort(rules.compareTexts)));
        return check.elsewhere.get(key);
      };
      for (const [key, name, where] of part.inputs) {
        lines.push(Array.isArray(where) ? `${key}@${elsewhere(key, name, where)}` : `${key}=${value(name, where ? home : node)}`);
      }
      const key = `${check.id}-${check.digest}-${digest(lines)}`;
      return { code: check.id, severity: check.severity, item, row, message: check.message, blocks: check.blocks, key, where: home.where };
    }

    /* --- what it says: an entry for each item and group on the page --- */
    index(page) {
      page.entries = [];
      const walk = (node, at) => {
        const part = this.parts.get(node.scope), row = at.slice(0, -1);
        node.entries = new Map();
        const note = (id, each, path) => {
          const entry = { page, item: null, group: null, node, path, row, on: !node.hidden.has(id), needs: false, faults: NONE, value: null, filled: false, twice: false };
          Object.assign(entry, each, { top: path.split(/[.[]/, 1)[0], asked: Boolean(each.item && each.item.key && !each.item.calculated), calculated: Boolean(each.item && each.item.calculated) });
          node.entries.set(id, entry);
          page.entries.push(entry);
        };
        for (const item of part.items) note(item.id, { item }, at + item.id);
        for (const group of part.groups) note(group.id, { group }, at + group.id);
        for (const { id } of part.groups) (node.kids[id] || []).forEach((kid, place) => walk(kid, `${at}${id}[${place + 1}].`));
      };
      walk(page.focus, '');
    }
    evaluation() {
      const result = { visible: [], groups: [], required: [], calculated: {}, violations: this.violations() };
      for (const { node, item, on, needs, path, asked, calculated, value } of [...this.page.entries].sort((a, b) => (a.path < b.path ? -1 : 1))) {
        if (calculated) result.calculated[path] = plain(value);
        if (!on || (item && !asked && !calculated && isHidden(node))) continue; // a heading has no rule of its own
        (item ? result.visible : result.groups).push(path);
        if (needs) result.required.push(path);
      }
      result.complete = !result.violations.some((each) => each.severity === 'error' && (each.blocks === 'completion' || this.at === 'signing'));
      return result;
    }
    violations() {
      const own = [], rows = [], { fill } = this.words, { entries, found, told } = this.page;
      const signing = this.at === 'signing' ? entries.filter(({ node, item, on }) => on && item && (item.unsigned || []).includes((node.entered[item.id] || {}).missing)) : [];
      for (const entry of entries) {
        const { node, group, on, faults } = entry;
        if (faults.length) own.push(...faults);
        if (!group || !on) continue;
        const count = (node.kids[group.id] || []).length, few = count < group.min;
        if (!few && (group.max === null || count <= group.max)) continue;
        rows.push(builtIn(entry, 'rows', few ? fill('rows_few', { count, min: group.min }) : fill('rows_many', { count, max: group.max })));
      }
      own.push(...found.flat(), ...rows, ...signing.map((entry) => builtIn(entry, 'missing_not_allowed', fill('to_be_completed', {}), 'error', 'signing')));
      const judged = new Set(own.map((each) => each.code + '@' + each.item));
      return [...own, ...told.filter((each) => !judged.has(each.code + '@' + each.item))];
    }
    /* engine/records/quiet.py */
    isQuiet({ code, item, row, where }) {
      const own = item.split('.').pop(), { touched } = this.page, [checks, calculated] = this.concerns, about = checks.get(code) || calculated.get(own) || [own];
      return touched !== null && ![...touched].some((path) => path.split('.').some((step, i, steps) => {
        const [name, isRow] = step.split('['), place = steps.slice(0, i).join('.') + '.';
        return about.includes(name) && (!row || where || place.startsWith(row + '.') || (!isRow && (!i || `${row}.`.startsWith(place))));
      }));
    }
    /* The rows whose fields are on the page, by path: a patch says of others what is wrong, and how much is filled. */
    show(paths) { this.page.shown = new Set([this.page.focus, ...paths.map((path) => this.find(path + '.'))]); }
    /* What `applyEvaluation` of form.js takes. */
    patch() {
      const { offered, entries, shown } = this.page, result = { visible: [], required: [], calculated: {}, twice: [], withheld: {}, offered: {}, progress: {}, violations: this.violations() };
      for (const [path, value] of offered) result.offered[path] = isNumber(value) ? [this.words.tell(value)] : [plain(value) ?? []].flat().map(String);
      offered.clear();
      for (const entry of entries) {
        const { on, needs, filled, group, node, top } = entry;
        if (needs || (on && group && group.min)) {
          const counts = (result.progress[top] ||= [0, 0]);
          counts[1] += 1;
          if (group ? (node.kids[group.id] || []).length >= group.min : filled) counts[0] += 1;
        }
        if (!shown || shown.has(node)) this.tellEntry(entry, result);
      }
      return result;
    }
    tellEntry({ on, path, needs, twice, item, asked, calculated, value, node }, result) {
      if (item && item.only) result.withheld[path] = (item.facets.choices || []).filter((code) => this.refuses(item, node, code));
      if (twice) result.twice.push(path);
      if (calculated) result.calculated[path] = this.inWords(item, value);
      if (!on || (item && !asked && !calculated && isHidden(node))) return; // a heading has no rule of its own
      result.visible.push(path);
      if (needs) result.required.push(path);
    }
    inWords(item, value) {
      if (value === null) return null;
      const text = /^code/.test(item.kind) ? [value].flat().map((code) => this.words.label(item.list, code)).join(', ') : this.words.tell(value, item.kind);
      return item.control === 'quantity' ? `${text} ${item.unit || ''}`.trim() : text;
    }

    /* --- changing --- */
    find(path) {
      let node = this.page.focus;
      for (const [, group, number] of path.matchAll(/([a-z][a-z0-9_]*)\[([0-9]+)\]/g)) {
        node = (node.kids[group] || [])[number - 1];
        if (!node) throw new RangeError('there is no row ' + path);
      }
      return node;
    }
    /* A value as `subject_state` sends it or form.js reads it. Gives the patch. */
    set(path, value) {
      this.change(path, value);
      return this.patch();
    }
    change(path, value) {
      const { page } = this, node = this.find(path), id = path.split('.').pop(), { item } = node.entries.get(id) || {};
      if (!item || !item.key) throw new RangeError('there is no item ' + path);
      const entered = value && value.parts && !value.unread ? this.read(item, value) : decode(value);
      if (entered === null || entered === undefined) delete node.entered[id]; else node.entered[id] = entered;
      node.standing.delete(id);
      if (page.touched) page.touched.add(path);
      page.told = page.told.filter((each) => each.item !== path || this.program.beyond.includes(each.code));
      this.offer(this.propagate(new Map([[item.key, new Set([node])]])));
    }
    read(item, raw) {
      if (raw.missing) return { missing: raw.missing };
      const text = joined(item.control, raw), read = parse(item.type, text, item.facets);
      const chosen = read.message === 'ambiguous_time' && raw.parts.o ? parse(item.type, `${text} ${raw.parts.o}`, item.facets) : read;
      return chosen.unread ? chosen : chosen.value;
    }
    /* What the server found: its own rules stand until then. */
    tell(violations) {
      const remote = new Set(this.page.entries.filter(({ item }) => item && item.remote).map(({ path }) => path));
      this.page.told = violations.filter((each) => this.program.beyond.includes(each.code) || each.code === 'unknown_item' || remote.has(each.item));
      return this.patch();
    }
    addRow(path, group, row) {
      const holder = this.find(path), scope = this.scopes[this.parts.get(holder.scope).groups.find((each) => each.id === group).scope];
      this.grow(holder, scope, row);
      return this.restructured(scope);
    }
    grow(holder, scope, { id, items = {}, groups = {} }) {
      const node = this.node(scope, holder, id);
      node.entered = decodeAll(items);
      this.hang(node);
      for (const { id: group, scope: inner } of this.parts.get(scope).groups) for (const row of groups[group] || []) this.grow(node, this.scopes[inner], row);
    }
    removeRow(path) {
      const node = this.find(path);
      this.uproot(node);
      return this.restructured(node.scope);
    }
    uproot(node) {
      for (const kids of Object.values(node.kids)) for (const kid of [...kids]) this.uproot(kid);
      const rows = node.parent.kids[node.scope.id];
      take(node.scope.nodes, node);
      take(rows, node);
      for (let place = node.place; place < rows.length; place += 1) rows[place].place = place;
      this.world.rows.delete(node.key);
    }
    /* Rows came or went: what reads the group or anything in it is run again. */
    restructured(scope) {
      const changed = new Map([[`${scope.form}.${scope.id}`, null], ...this.keysOf(scope)]);
      for (const step of this.steps) {
        if (step.type === 'outcome' && scope.family.includes(step.scope)) changed.set(step.key, null);
        if (changed.has(step.key) || scope.family.includes(step.scope)) this.settleAll(step);
      }
      this.page.told = this.page.told.filter((each) => !each.row || this.program.beyond.includes(each.code)); // its row may have moved
      this.index(this.page);
      this.offer(this.propagate(changed));
      this.judgeAll();
      return this.patch();
    }
    keysOf(scope) { return scope.family.flatMap((place) => ['items', 'groups'].flatMap((kind) => this.parts.get(place)[kind].map(({ id }) => [`${place.form}.${id}`, null]))); }
    /* Runs what depends on changed keys; each maps to the nodes where it changed (null: everywhere). */
    propagate(dirty) {
      const own = new Set(dirty.keys()), due = new Uint8Array(this.steps.length);
      const wake = (key) => { for (const place of this.stepsOf.get(key) || []) due[place] = 1; };
      own.forEach(wake);
      for (let place = 0; place < due.length; place += 1) {
        const step = this.steps[place];
        if (!due[place]) continue;
        const touched = step.reads.filter((key) => dirty.has(key));
        if (own.has(step.key)) touched.push(step.key);
        const moved = rules.remembering(this.world, () => this.run(step, touched, dirty));
        if (!moved.size) continue;
        const before = dirty.get(step.key);
        dirty.set(step.key, before === null ? null : before ? new Set([...before, ...moved]) : moved);
        wake(step.key);
      }
      this.rejudge(dirty);
      return dirty;
    }
    run(step, touched, dirty) {
      const moved = new Set();
      for (const node of step.scope.nodes) {
        const concerned = touched.some((key) => dirty.get(key) === null || concerns(node, dirty.get(key), step));
        if (concerned && this.settle(step, node)) moved.add(node);
      }
      return moved;
    }
    rejudge(dirty) {
      const items = new Set(), checks = new Set();
      for (const key of dirty.keys()) {
        for (const entry of this.itemsOf.get(key) || []) items.add(entry);
        for (const place of this.checksOf.get(key) || []) checks.add(place);
      }
      rules.remembering(this.world, () => {
        for (const [scope, item] of items) for (const { entries } of scope.nodes) if (entries) this.judge(entries.get(item.id));
        checks.forEach((place) => this.check(place));
      });
    }
  }

  const NONE = [];
  const firstRows = ({ parent, scope }, { id }) => new Map([...(parent.kids[scope.id] || [])].reverse().map((row) => [row.values[id], row.place]));
  const builtIn = ({ path, row }, code, message, severity = 'error', blocks = 'completion') => ({ code, severity, item: path, row, message, blocks, key: code + '--' });
  const decodeAll = (table) => Object.fromEntries(Object.entries(table).map(([name, wire]) => [name, decode(wire)]));
  const isEmpty = (entered) => entered === undefined || entered === null || Boolean(entered.missing || entered.unread);
  const sameValue = (a, b) => a !== undefined && rules.same(a, b);
  const take = (list, one) => list.splice(list.indexOf(one), 1);
  function byKey(entries) {
    const found = new Map();
    for (const [entry, keys] of entries) for (const key of new Set(keys)) { if (found.has(key)) found.get(key).push(entry); else found.set(key, [entry]); }
    return found;
  }
  function isHidden(node) {
    for (; node.scope.kind === 'group' && node.parent; node = node.parent) if (node.parent.hidden.has(node.scope.id)) return true;
    return false;
  }
  function pathOf(node) {
    let path = '';
    for (; node.scope.kind === 'group' && node.parent; node = node.parent) path = `${node.scope.id}[${node.place + 1}]${path && '.'}${path}`;
    return path;
  }
  /* Whether a change at some nodes can matter at this node. */
  const concerns = (node, changed, { crosses }) => crosses || [...changed].some((other) => other === node || (other.scope !== node.scope && (isWithin(node, other) || isWithin(other, node))));
  function holds(op, value, limit, kind) {
    if (limit === null) return true;
    if (/date/.test(kind) && !(value instanceof Moment && limit instanceof Moment)) return comparePartial(op, value, limit) !== false;
    return rules.COMPARATORS[op](value, limit);
  }

  Object.assign(rules, { open: (program, state) => new Session(program, state), parse, pathOf, sha256 });
  if (typeof module === 'object') module.exports = rules;
}(globalThis));
