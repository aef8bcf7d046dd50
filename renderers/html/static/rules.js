/* Runs the terms of rules in the browser as engine/expressions/evaluator.py does; no text is ever run as code.
   Values: numbers are decimals, dates, times, partial dates, codes and references are text, several codes a list, date and
   time a Moment, missing is null. */
(function (root) {
  'use strict';
  const Decimal = typeof module === 'object' ? require('./vendor/decimal.min.js') : root.Decimal;
  const clone = (precision) => Decimal.clone({ precision, rounding: 4, toExpNeg: -7000, toExpPos: 7000 });
  const D = clone(40), Wide = clone(60), Huge = clone(200); // they cut off, so `kept` rounds right
  const ZERO = new D(0), ONE = new D(1), LARGEST = 6144, ROOM = 20000;
  const isNumber = (value) => value instanceof D;

  /* --- numbers: 34 digits, halves away from zero; null where there is no result (arithmetic.py) ------------------ */
  const kept = (x) => x.toSignificantDigits(34);
  function settle(exact) {
    const x = kept(exact), power = x.s ? x.exponent() : 0;
    return power > LARGEST ? null : !x.s || power < -LARGEST ? ZERO : x;
  }
  const add = (a, b) => settle(a.plus(b));
  const subtract = (a, b) => settle(a.minus(b));
  const multiply = (a, b) => settle(a.times(b));
  const divide = (a, b) => (b.s ? settle(a.div(b)) : null);
  const twenty = (wide) => settle(new D(wide.toSignificantDigits(40).toSignificantDigits(20)));
  const exponential = (x) => (x.abs().gt(ROOM) ? (x.s > 0 ? null : ZERO) : twenty(new Wide(x).exp()));
  function power(base, exponent) {
    if (exponent.isInteger() && exponent.abs().lte(999)) return integerPower(base, exponent.toNumber());
    if (base.s < 0 || (!base.s && exponent.s < 0)) return null;
    return base.s ? exponential(new Wide(exponent).times(new Wide(base).ln())) : ZERO;
  }
  function integerPower(base, exponent) {
    if (exponent < 0 && !base.s) return null;
    let result = ONE, factor = base, rest = Math.abs(exponent);
    while (rest) {
      if (rest & 1) result = kept(result.times(factor));
      rest >>= 1;
      if (rest) factor = kept(factor.times(factor));
    }
    result = settle(result);
    return exponent >= 0 || !result ? result : divide(ONE, result);
  }
  function rounded(x, places) {
    const n = places ? places.toNumber() : 0;
    if (n !== Math.trunc(n) || Math.abs(n) > 34) return null;
    if (x.decimalPlaces() <= n) return x;
    return settle(new D(new Huge(x).times('1e' + n).toDecimalPlaces(0).times('1e' + -n)));
  }
  const cutter = (way) => (x, places) => { // way: 1 toward zero, 2 up, 3 down
    const n = places ? places.toNumber() : 0;
    if (n !== Math.trunc(n) || Math.abs(n) > 34) return null;
    return x.decimalPlaces() <= n && n >= 0 ? x : settle(new D(new Huge(x).times('1e' + n).toDecimalPlaces(0, way).times('1e' + -n)));
  };
  function modulo(a, b) {
    if (!b.s || (a.s && a.exponent() - b.exponent() >= 33)) return null;
    const rest = a.mod(b);
    return settle(rest.s && rest.s !== b.s ? rest.plus(b) : rest);
  }
  const whole = (x) => new D(x);
  const cut = (x) => Math.trunc(x.toNumber());

  /* --- days and moments (calendar_days.py) ----------------------------------------------------------------------- */
  class Moment { // a minute: `at` counts from 1970 in UTC, `offset` is what clocks were ahead of UTC
    constructor(at, offset) { this.at = at; this.offset = offset; }
    toString() { return iso(this.at + this.offset).slice(0, 16) + (this.offset < 0 ? '-' : '+') + iso(Math.abs(this.offset)).slice(11, 16); }
  }
  const iso = (minutes) => new Date(minutes * 6e4).toISOString();
  const two = (n) => String(n).padStart(2, '0');
  const count = (day) => Date.parse(day) / 864e5;
  const FIRST_DAY = count('0001-01-01'), LAST_DAY = count('9999-12-31');
  const day = (n) => (n < FIRST_DAY || n > LAST_DAY ? null : iso(n * 1440).slice(0, 10));
  const minutesOf = (clock) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5));
  function moment(text) {
    const offset = (text[16] === '-' ? -1 : 1) * minutesOf(text.slice(17));
    return new Moment(count(text.slice(0, 10)) * 1440 + minutesOf(text.slice(11)) - offset, offset);
  }
  let zone = [[-Infinity, 0]]; // seconds since 1970, minutes ahead of UTC from then on
  function localMoment(at) {
    let low = 0, high = zone.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (zone[middle][0] <= at * 60) low = middle; else high = middle - 1;
    }
    return new Moment(at, zone[low][1]);
  }
  const dayOf = (x) => (x instanceof Moment ? x.toString().slice(0, 10) : x);
  const lastOf = (year, month) => new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate(); // no years below 100
  const partOf = (date, place) => Number(dayOf(date).split('-')[place]);
  const earliest = (x) => (dayOf(x) + '-01-01').slice(0, 10);
  function latest(x) {
    const [year, month = '12', last] = dayOf(x).split('-');
    return last ? dayOf(x) : `${year}-${month}-${lastOf(Number(year), Number(month))}`;
  }
  const mid = (x) => dayOf(x) + ({ 4: '-07-01', 7: '-15' }[dayOf(x).length] || '');
  const days = (a, b) => whole(count(b) - count(a));
  const signed = (whole) => (a, b) => new D(b < a ? -whole(b, a) : whole(a, b));
  const monthsBetween = (a, b) => (partOf(b, 0) - partOf(a, 0)) * 12 + partOf(b, 1) - partOf(a, 1) - (partOf(b, 2) < partOf(a, 2));
  const yearsBetween = (a, b) => partOf(b, 0) - partOf(a, 0) - (b.slice(5) < a.slice(5));
  const isoDay = (year, month, date) => `${String(year).padStart(4, '0')}-${two(month)}-${two(date)}`;
  function addMonths(a, n) {
    if (n.abs().gt(120000)) return null;
    const place = partOf(a, 0) * 12 + partOf(a, 1) - 1 + cut(n);
    if (place < 12 || place >= 120000) return null;
    const year = Math.floor(place / 12), month = (place % 12) + 1;
    return isoDay(year, month, Math.min(partOf(a, 2), lastOf(year, month)));
  }
  const inYears = (x) => (partOf(x, 0) >= 1900 && partOf(x, 0) <= 2199 ? x : null);
  function addHours(a, n) {
    const more = multiply(n, new D(60));
    return more && !more.abs().gt(1e9) ? inYears(localMoment(a.at + cut(more))) : null;
  }
  function makeDate(...parts) {
    if (parts.some((part) => !part.isInteger() || part.s < 1 || part.gt(9999))) return null;
    const [year, month, date] = parts.map(Number);
    return month < 13 && date <= lastOf(year, month) ? isoDay(year, month, date) : null;
  }
  const makeTime = (...parts) => (parts.some((part, i) => !part.isInteger() || part.lt(0) || part.gt(i ? 59 : 23)) ? null : parts.map(two).join(':'));
  function atTime(date, clock) {
    const wall = count(date) * 1440 + minutesOf(clock);
    return inYears(date) && best(zone.map((change) => localMoment(wall - change[1])).filter((x) => x.at + x.offset === wall), -1);
  }
  function comparePartial(op, a, b) {
    if (op === '>' || op === '>=') return comparePartial(op === '>' ? '<' : '<=', b, a);
    const aLow = earliest(a), aHigh = latest(a), bLow = earliest(b), bHigh = latest(b);
    if (op === '<') return aHigh < bLow ? true : aLow >= bHigh ? false : null;
    if (op === '<=') return aHigh <= bLow ? true : aLow > bHigh ? false : null;
    const same = aLow === aHigh && bLow === bHigh && aLow === bLow ? true : aHigh < bLow || bHigh < aLow ? false : null;
    return same === null || op === '=' ? same : !same;
  }

  /* --- values in general ------------------------------------------------------------------------------------------ */
  function compareTexts(a, b) { // by code points, as Python does
    const left = [...a], right = [...b], place = left.findIndex((letter, i) => letter !== right[i]);
    return place < 0 ? left.length - right.length : right[place] ? left[place].codePointAt() - right[place].codePointAt() : 1;
  }
  function compare(a, b) {
    if (isNumber(a)) return a.cmp(b);
    if (a instanceof Moment) return a.at - b.at;
    return typeof a === 'string' ? compareTexts(a, b) : a - b;
  }
  const keyOf = (value) => (value instanceof Moment ? value.at : isNumber(value) ? value.toString() : JSON.stringify(value));
  const same = (a, b) => a === b || (a !== null && b !== null && keyOf(a) === keyOf(b));
  const holds = (group, value) => (group || []).some((each) => same(each, value));
  function decode(wire) {
    if (wire === null || typeof wire !== 'object') return wire;
    return Array.isArray(wire) ? wire.map(decode) : 'n' in wire ? new D(wire.n) : 'm' in wire ? moment(wire.m) : wire;
  }
  const plain = (value) => (isNumber(value) ? value.toFixed() : value instanceof Moment ? value.toString() : Array.isArray(value) ? value.map(plain) : value);
  const encode = (value) => (isNumber(value) ? { n: value.toFixed() } : value instanceof Moment ? { m: value.toString() } : Array.isArray(value) ? value.map(encode) : value);

  /* --- functions (library.py) ------------------------------------------------------------------------------------- */
  const best = (values, sign) => values.reduce((found, value) => (found === null || compare(value, found) * sign > 0 ? value : found), null);
  const short = (text) => ([...text].length > 10000 ? null : text);
  const present = (values) => values.filter((value) => value !== null);
  const CENTURIES = [1900, 2000, 2100, 2200, 1800];
  const weighted = (text, weights) => weights.reduce((sum, weight, i) => sum + weight * text[i], 0);
  function birthDate(text) {
    if (!/^[0-9]{11}$/.test(text) || weighted(text, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10) return null;
    const month = Number(text.slice(2, 4));
    return makeDate(...[CENTURIES[Math.trunc(month / 20)] + Number(text.slice(0, 2)), month % 20, Number(text.slice(4, 6))].map(whole));
  }
  const letters = (text) => [...text].length;
  const SPACE = /^(?:[^\S\ufeff]|[\x1c-\x1f\x85])$/; // as Python strips
  function trim(text) {
    let from = 0, to = text.length;
    while (from < to && SPACE.test(text[from])) from += 1;
    while (to > from && SPACE.test(text[to - 1])) to -= 1;
    return text.slice(from, to);
  }
  function numberOf(text) {
    const written = trim(text);
    return /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)$/.test(written) ? settle(new D(written.replace('+', ''))) : null;
  }
  function substring(text, from, count) {
    if (!from.isInteger() || (count && !count.isInteger())) return null;
    const all = [...text], place = (x) => Math.min(Math.max(x.toNumber(), 0), all.length), first = from.minus(1);
    return all.slice(place(first), count ? place(first.plus(count)) : all.length).join('');
  }
  function positionOf(text, part) {
    const at = text.indexOf(part);
    return whole(at < 0 ? 0 : letters(text.slice(0, at)) + 1);
  }
  function replaced(text, old, next) {
    if (!old) return text;
    const parts = text.split(old);
    return letters(text) + (parts.length - 1) * (letters(next) - letters(old)) > 10000 ? null : parts.join(next);
  }
  const compiled = new Map(); // the patterns of rules, which never change
  function matcher(pattern) {
    if (!compiled.has(pattern)) compiled.set(pattern, new RegExp(`^(?:${pattern})$`, 'u'));
    return compiled.get(pattern);
  }
  const clockOf = (x) => (x instanceof Moment ? x.toString().slice(11, 16) : x);
  const LOOSE = new Set(['count_true', 'least', 'greatest', 'coalesce', 'has_any']); // the others: missing in, missing out
  const LIBRARY = {
    date: dayOf,
    time: (x) => x.toString().slice(11, 16),
    hour: (x) => whole(clockOf(x).slice(0, 2)),
    minute: (x) => whole(clockOf(x).slice(3, 5)),
    year: (x) => whole(partOf(x, 0)),
    month: (x) => whole(partOf(x, 1)),
    day: (x) => whole(partOf(x, 2)),
    weekday: (x) => whole(((((count(x) + 3) % 7) + 7) % 7) + 1),
    days,
    years: (a, b) => divide(days(a, b), new D('365.25')),
    months: (a, b) => divide(days(a, b), new D('30.4375')),
    completed_years: signed(yearsBetween),
    completed_months: signed(monthsBetween),
    minutes: (a, b) => whole(b.at - a.at),
    hours: (a, b) => divide(whole(b.at - a.at), new D(60)),
    add_days: (a, n) => (n.abs().gt(4e6) ? null : day(count(a) + cut(n))),
    add_months: addMonths,
    add_hours: addHours,
    earliest,
    latest,
    mid,
    precision: (x) => ({ 4: 'year', 7: 'month' }[dayOf(x).length] || 'day'),
    make_date: makeDate,
    make_time: makeTime,
    at_time: atTime,
    abs: (x) => settle(x.s < 0 ? ZERO.minus(x) : x),
    round: rounded,
    floor: cutter(3),
    ceil: cutter(2),
    truncate: cutter(1),
    sign: (x) => whole(x.s),
    mod: modulo,
    sqrt: (x) => (x.s < 0 ? null : twenty(new Wide(x).sqrt())),
    exp: exponential,
    ln: (x) => (x.s > 0 ? twenty(new Wide(x).ln()) : null),
    log10: (x) => (x.s > 0 ? twenty(new Wide(x).log()) : null),
    number: (truth) => (truth ? ONE : ZERO),
    count_true: (...values) => whole(values.filter((value) => value === true).length),
    min: (...values) => best(values, -1),
    max: (...values) => best(values, 1),
    least: (...values) => best(present(values), -1),
    greatest: (...values) => best(present(values), 1),
    coalesce: (...values) => present(values)[0] ?? null,
    length: (text) => whole([...text].length),
    lower: (text) => text.toLowerCase(),
    upper: (text) => text.toUpperCase(),
    concat: (...texts) => short(texts.join('')),
    starts_with: (text, beginnings) => beginnings.some((each) => text.startsWith(each)),
    ends_with: (text, ends) => ends.some((each) => text.endsWith(each)),
    contains: (text, parts) => parts.some((each) => text.includes(each)),
    sorts_before: (text, other) => compareTexts(text, other) < 0,
    matches: (text, patterns) => patterns.some((each) => matcher(each).test(text)),
    position_of: positionOf,
    substring,
    trim,
    replace: replaced,
    number_of: numberOf,
    has_any: (chosen, codes) => codes.some((code) => holds(chosen, code)),
    text_of: (x) => x.toFixed(),
    valid_pesel: (text) => birthDate(text) !== null,
    pesel_birthdate: birthDate,
    pesel_sex: (text) => (birthDate(text) === null ? null : text[9] % 2 ? 'm' : 'f'),
    valid_npwz: (text) => /^[1-9][0-9]{6}$/.test(text) && weighted(text.slice(1), [1, 2, 3, 4, 5, 6]) % 11 === Number(text[0]),
    book_year: (text) => (/^[0-9]{4}$/.test(text.split('/').pop()) ? new D(text.slice(-4)) : null),
  };

  /* --- where rules stand (frames.py) ------------------------------------------------------------------------------ */
  class Frame {
    constructor(node, world, outer, vars) {
      this.node = node;
      this.world = world;
      this.outer = outer;
      this.vars = vars || (outer ? outer.vars : {});
    }
  }
  const frameOf = (frame, levels) => { for (; levels; levels -= 1) frame = frame.outer; return frame; };
  const startOf = (frames, up) => (frame) => { let { node } = frameOf(frame, frames); for (let n = up; n; n -= 1) node = node.parent; return node; };
  const valueOf = (node, item) => { const value = node ? node.values[item] : null; return value === undefined ? null : value; };
  function gather(node, steps) {
    let nodes = [node];
    for (const [child, event] of steps) {
      nodes = nodes.flatMap((each) => (each.hidden.has(child) ? [] : (each.kids[child] || []).filter((kid) => event === null || kid.event === event)));
    }
    return nodes;
  }
  function reach(node, steps) {
    for (const [child, event] of steps) {
      const kids = node.hidden.has(child) ? [] : node.kids[child] || [];
      node = event === null ? kids[0] : kids.find((kid) => kid.event === event);
      if (!node) return null;
    }
    return node;
  }
  const isWithin = (node, other) => { for (; node; node = node.parent) if (node === other) return true; return false; };
  const occurrenceOf = (node) => { while (node && !node.event) node = node.parent; return node; };
  const placeAmong = (node, rows) => (rows[node.place] === node ? node.place : rows.indexOf(node)); // mostly its own place, which need not be sought
  const siblingsOf = (node) => (node.parent && node.parent.kids[node.scope.id]) || [node];

  /* --- operators (evaluator.py): one row each, arguments of a term -> closure over a frame -------------------------- */
  const build = (term) => OPERATORS[term[0]](...term.slice(1));
  const buildIf = (term) => (term ? build(term) : null);
  function strict(call, parts) {
    return (frame) => {
      const values = [];
      for (const part of parts) {
        const value = part(frame);
        if (value === null) return null;
        values.push(value);
      }
      return call(...values);
    };
  }
  const arithmetic = (call) => (...terms) => strict(call, terms.map(build));
  const ofValue = (take) => (term, ...names) => { const code = build(term); return (frame) => { const value = code(frame); return value === null ? null : take(frame.world, value, ...names); }; };
  /* Kleene's and, or, all, any: a part that `decides` ends it, an unknown one leaves it unknown. */
  function kleene(decides, parts, take) {
    let result = !decides;
    for (const part of parts) {
      const truth = take(part);
      if (truth === decides) return decides;
      if (truth === null) result = null;
    }
    return result;
  }
  const logic = (decides) => (...terms) => { const parts = terms.map(build); return (frame) => kleene(decides, parts, (part) => part(frame)); };
  const COMPARATORS = {
    '=': (a, b) => same(a, b),
    '!=': (a, b) => !same(a, b),
    '<': (a, b) => compare(a, b) < 0,
    '<=': (a, b) => compare(a, b) <= 0,
    '>': (a, b) => compare(a, b) > 0,
    '>=': (a, b) => compare(a, b) >= 0,
  };
  const TRUTHS = { true: true, false: false, unknown: null };
  const OPERATORS = {
    const: (wire) => { const value = decode(wire); return () => value; },
    var: (slot) => (frame) => frame.vars[slot],
    let: (slot, term, rest) => { const value = build(term), body = build(rest); return (frame) => { frame.vars[slot] = value(frame); return body(frame); }; },
    read: (frames, up, steps, item) => {
      if (!frames && !up && !steps.length) return (frame) => valueOf(frame.node, item);
      const start = startOf(frames, up);
      return (frame) => valueOf(reach(start(frame), steps), item);
    },
    deref: (term, up, steps, item) => {
      const reference = build(term), start = startOf(0, up);
      return (frame) => { const row = frame.world.rows.get(reference(frame)); return row ? valueOf(reach(start({ node: row }), steps), item) : null; };
    },
    reason: (frames, up, steps, item) => {
      const start = startOf(frames, up);
      return (frame) => {
        const node = reach(start(frame), steps), value = node && !node.hidden.has(item) ? node.entered[item] : null;
        return (value && value.missing) || null;
      };
    },
    exists: (frames, up, steps) => { const start = startOf(frames, up); return (frame) => gather(start(frame), steps).length > 0; },
    exists_ref: (term) => { const reference = build(term); return (frame) => frame.world.rows.has(reference(frame)); },
    is_a: ofValue((world, key, form, id) => { const row = world.rows.get(key); return Boolean(row) && row.scope.form === form && row.scope.id === id; }),
    and: logic(false),
    or: logic(true),
    not: arithmetic((truth) => !truth),
    is: (term, truth) => { const part = build(term); return (frame) => part(frame) === TRUTHS[truth]; },
    if: (...terms) => {
      const [test, then, otherwise] = terms.map(build);
      return (frame) => { const truth = test(frame); return truth === null ? null : truth ? then(frame) : otherwise(frame); };
    },
    filled: (term) => { const part = build(term); return (frame) => part(frame) !== null; },
    cmp: (op, domain, left, right) => strict(domain === 'partial' ? (a, b) => comparePartial(op, a, b) : COMPARATORS[op], [build(left), build(right)]),
    in: (term, wire) => { const keys = new Set(wire.map((each) => keyOf(decode(each)))); return strict((value) => keys.has(keyOf(value)), [build(term)]); },
    in_set: (term, set) => { const part = build(term), group = build(set); return (frame) => { const value = part(frame); return value === null ? null : holds(group(frame), value); }; },
    add: arithmetic(add),
    sub: arithmetic(subtract),
    mul: arithmetic(multiply),
    div: arithmetic(divide),
    pow: arithmetic(power),
    neg: arithmetic((x) => settle(ZERO.minus(x))),
    call: (name, ...terms) => {
      if (name === 'now') return (frame) => frame.world.asOf;
      if (name === 'today') return (frame) => dayOf(frame.world.asOf);
      const parts = terms.map(build), call = LIBRARY[name];
      return LOOSE.has(name) ? (frame) => call(...parts.map((part) => part(frame))) : strict(call, parts);
    },
    attr: ofValue((world, code, list, name) => { const [other, table] = world.attributes[list][name]; return Object.hasOwn(table, code) ? table[code] : other; }),
    position: ofValue((world, code, list) => { const place = world.positions[list].indexOf(code); return place < 0 ? null : whole(place + 1); }),
    label: ofValue((world, code, list) => world.label(list, code)),
    param: (name) => (frame) => {
      const today = dayOf(frame.world.asOf);
      return frame.world.parameters[name].reduce((found, [since, value]) => (since === null || since <= today ? value : found), null);
    },
    event_is: (frames, event) => (frame) => { const found = occurrenceOf(frameOf(frame, frames).node); return found ? found.event === event : null; },
    in_window: (frames, term, windows) => {
      const value = build(term), known = new Map(windows.map(([event, low, high, anchor]) => [event, [low, high, build(anchor)]]));
      return (frame) => {
        const found = occurrenceOf(frameOf(frame, frames).node), [low, high, anchor] = (found && known.get(found.event)) || [];
        const date = value(frame), start = anchor ? anchor(new Frame(found.parent, frame.world)) : null;
        if (start === null || date === null) return null;
        const passed = count(date) - count(start);
        return (low ?? passed) <= passed && passed <= (high ?? passed);
      };
    },
    row_index: () => (frame) => whole(placeAmong(frame.node, siblingsOf(frame.node)) + 1),
    aggregate: (name, source, values, where, by) => {
      const elements = sourceOf(source), test = buildIf(where);
      const kept = test ? (frame) => elements(frame).filter((inner) => test(inner) === true) : elements;
      return AGGREGATORS[name](kept, ...values.map(build))(by.map(build));
    },
    neighbour: (name, frames, up, term, where, by) => {
      const start = startOf(frames, up), value = build(term), test = buildIf(where), keys = by.map(build);
      const direct = !test && !keys.length, steady = ![where, ...by].some(looksOut), step = name === 'prev' ? -1 : 1;
      const beside = (node) => { const rows = recordsBeside(node), place = placeAmong(node, rows); return place < 0 ? null : rows[place + step]; };
      const inLine = (frame, node) => {
        const inner = recordsBeside(node).map((each) => new Frame(each, frame.world, frame)), ordered = keys.length ? inOrder(inner, keys).flat() : inner;
        const nearest = new Map(), way = step < 0 ? ordered : ordered.reverse();
        way.reduce((found, each) => { nearest.set(each.node, found); return !test || test(each) === true ? each.node : found; }, null);
        return nearest;
      };
      const lineOf = (frame, node) => (steady ? recalled(frame.world, inLine, node.parent, () => inLine(frame, node)) : inLine(frame, node));
      return (frame) => {
        const node = start(frame), found = direct ? beside(node) : lineOf(frame, node).get(node);
        return found ? value(new Frame(found, frame.world, frame)) : null;
      };
    },
  };
  function sourceOf([op, ...args]) {
    if (op === 'elements') {
      const [slot, group] = [args[0], build(args[1])];
      return (frame) => (group(frame) || []).map((value) => new Frame(frame.node, frame.world, frame.outer, { ...frame.vars, [slot]: value }));
    }
    const [frames, up, steps, other] = args, start = startOf(frames, up);
    return (frame) => {
      const node = start(frame);
      let found = other && !steps.length ? siblingsOf(node) : gather(node, steps);
      if (other) found = found.filter((each) => { for (let here = frame; here; here = here.outer) if (isWithin(here.node, each)) return false; return true; });
      return found.map((each) => new Frame(each, frame.world, frame));
    };
  }
  function recordsBeside(node) {
    const { parent } = node;
    if (parent && parent.scope.kind === 'event') return (parent.parent.kids.event || []).flatMap((each) => each.kids[node.scope.id] || []);
    return siblingsOf(node);
  }
  /* Whether a term may read the row from which it is asked, and not only the element that it is asked of (evaluator.py). */
  const FRAMED = { read: 1, reason: 1, rows: 1, exists: 1, event_is: 1, in_window: 1, neighbour: 2 };
  const looksOut = (term) => Array.isArray(term) && (term[0] === 'var' || term[FRAMED[term[0]]] > 0 || term.some(looksOut));
  /* What holds for all rows of a parent, found out once while nothing changes that it reads (`remembering` of frames.py). */
  function recalled({ memory }, what, parent, find) {
    if (!memory || !parent) return find();
    if (!memory.has(what)) memory.set(what, new Map());
    const known = memory.get(what);
    if (!known.has(parent)) known.set(parent, find());
    return known.get(parent);
  }
  function remembering(world, work) {
    const before = world.memory;
    world.memory = new Map();
    try { return work(); } finally { world.memory = before; }
  }
  function compareKeys(a, b) {
    for (let i = 0; i < a.length; i += 1) { const sign = compare(a[i], b[i]); if (sign) return sign; }
    return 0;
  }
  /* Frames whose keys are all there, in order; then the others, as they came. */
  function inOrder(frames, by) {
    const keyed = frames.map((frame) => [by.map((key) => key(frame)), frame]);
    const whole = keyed.filter(([key]) => !key.includes(null)).sort((a, b) => compareKeys(a[0], b[0]));
    return [whole, keyed.filter(([key]) => key.includes(null))].map((pairs) => pairs.map((pair) => pair[1]));
  }

  /* --- aggregates (folding.py): elements and what is taken of them -> keys -> closure -------------------------------- */
  const truths = (decides) => (kept, test) => () => (frame) => kleene(decides, kept(frame), test);
  const folded = (fold) => (kept, take) => () => (frame) => {
    const taken = kept(frame).map(take);
    return taken.includes(null) ? null : fold(taken);
  };
  const total = (values) => values.reduce((sum, value) => (sum === null ? null : add(sum, value)), ZERO);
  const end = (last) => (kept, take) => (by) => (frame) => {
    const [ordered, rest] = inOrder(kept(frame), by), known = ordered.length ? ordered : rest;
    return known.length ? take(known[last ? known.length - 1 : 0]) : null;
  };
  const keyFor = (parts, frame) => parts.map((part) => part(frame));
  function put(groups, key, value) {
    const name = JSON.stringify(key.map(keyOf));
    if (groups.has(name)) groups.get(name).push(value); else groups.set(name, [value]);
  }
  function overlap(spans) {
    let latest, first = true;
    for (const [begin, finish] of spans.sort((a, b) => compare(a[0], b[0]))) {
      if (!first && (latest === null || compare(begin, latest) < 0)) return true;
      if (first || finish === null || compare(finish, latest) > 0) latest = finish;
      first = false;
    }
    return false;
  }
  const onLine = (x) => (x instanceof Moment ? x.at : count(x)); // minutes or days
  const AGGREGATORS = {
    any: truths(true),
    all: truths(false),
    count: (kept) => () => (frame) => whole(kept(frame).length),
    sum: folded(total),
    mean: folded((values) => { const sum = total(values); return sum === null || !values.length ? null : divide(sum, whole(values.length)); }),
    min: folded((values) => best(values, -1)),
    max: folded((values) => best(values, 1)),
    first: end(false),
    last: end(true),
    distinct: (kept, take) => () => (frame) => {
      const met = new Set();
      return present(kept(frame).map(take)).filter((value) => !met.has(keyOf(value)) && met.add(keyOf(value)));
    },
    unique: (kept, ...values) => () => (frame) => {
      const keys = kept(frame).map((inner) => keyFor(values, inner)).filter((key) => !key.includes(null)).map((key) => JSON.stringify(key.map(keyOf)));
      return new Set(keys).size === keys.length;
    },
    no_overlap: (kept, start, stop) => (by) => (frame) => {
      const groups = new Map();
      let unknown = false;
      for (const inner of kept(frame)) {
        const key = keyFor(by, inner), begin = start(inner);
        if (begin === null || key.includes(null)) unknown = true; else put(groups, key, [begin, stop(inner)]);
      }
      return [...groups.values()].some(overlap) ? false : unknown ? null : true;
    },
    covered: (kept, start, stop, since, until) => () => (frame) => {
      const begin = since(frame), finish = until(frame);
      if (begin === null || finish === null) return null;
      const spans = kept(frame).map((inner) => [start(inner), stop(inner)]);
      if (spans.some((span) => span[0] === null)) return null;
      const gap = begin instanceof Moment ? 60 : 1;
      let reached = onLine(begin);
      for (const [first, last] of spans.sort((a, b) => compare(a[0], b[0]))) {
        if (onLine(first) - reached > gap) return false;
        if (last === null) return true;
        reached = Math.max(reached, onLine(last));
      }
      return onLine(finish) - reached <= gap;
    },
    active: (kept, start, stop, at, take) => () => (frame) => {
      const now = at(frame);
      if (now === null) return null;
      const running = kept(frame).map((inner) => [start(inner), stop(inner), inner])
        .filter(([begin, finish]) => begin !== null && compare(begin, now) <= 0 && (finish === null || compare(now, finish) <= 0))
        .sort((a, b) => compare(a[0], b[0]));
      return running.length ? take(running.pop()[2]) : null;
    },
    max_run: (kept, take) => (by) => (frame) => {
      const groups = new Map();
      for (const inner of kept(frame)) {
        const date = take(inner);
        if (date === null) return null;
        put(groups, keyFor(by, inner), count(date));
      }
      let longest = 0;
      for (const group of groups.values()) {
        let before = NaN, length = 0;
        for (const date of [...new Set(group)].sort((a, b) => a - b)) {
          length = date - before === 1 ? length + 1 : 1;
          longest = Math.max(longest, length);
          before = date;
        }
      }
      return whole(longest);
    },
  };

  const rules = {
    D, Moment, Frame, COMPARATORS, OPERATORS, AGGREGATORS, LIBRARY, LOOSE, build, buildIf, decode, encode, plain, compare, compareTexts, comparePartial, same,
    recalled, remembering, placeAmong, divide, isNumber, isWithin, gather, dayOf, earliest, latest, lastOf, localMoment, count, minutesOf, isoDay, two,
    zone: (changes) => { if (changes) zone = changes; return zone; },
  };
  if (typeof module === 'object') module.exports = rules; else root.ecrfRules = rules;
}(globalThis));
