/* Links with data-drawer open what they lead to at the side of the page; forms in there are sent without leaving it.
   Without this script both are pages of their own. */
(function () {
  'use strict';
  const BOX = 'textarea[name=text]';
  const asked = { 'X-Requested-With': 'fetch', Accept: 'text/html' };
  const unsent = new Map();  // what was typed and not sent: by its box the text, and the link that leads there. In the page alone: computers are shared
  let drawer = null, origin = null, from = null, busy = false;  // the link, and where one was: a key may have pressed it
  let unsentWords = '';

  function made() {
    if (drawer) return drawer;
    drawer = document.createElement('dialog');
    drawer.className = 'drawer';
    drawer.addEventListener('close', () => { mark(); const back = from && from !== document.body ? from : origin; if (back && back.isConnected) back.focus(); });
    drawer.addEventListener('click', (event) => {
      if (event.target === drawer || event.target.closest('[data-close]')) drawer.close();
    });
    drawer.addEventListener('input', (event) => { if (event.target.matches(BOX)) hold(event.target); });
    drawer.addEventListener('submit', (event) => { event.preventDefault(); send(event.target, event.submitter); });
    document.body.append(drawer);
    return drawer;
  }

  const nameOf = (box) => (box.id === 'say-new' ? box.form.action : box.id);  // a conversation has one number, a question the place that it asks about
  function hold(box) {
    if (box.value.trim()) unsent.set(nameOf(box), { text: box.value, at: origin.href }); else unsent.delete(nameOf(box));
  }
  function fillIn() {
    const boxes = [...drawer.querySelectorAll(BOX)], names = new Set(boxes.map(nameOf));
    for (const box of boxes) {
      const held = unsent.get(nameOf(box));
      if (held && !box.value) box.value = held.text; else hold(box);
    }
    for (const [name, { text, at }] of unsent) if (at === origin.href && !names.has(name)) { tellLost(text); unsent.delete(name); }
    mark();
  }
  function tellLost(text) {  // somebody settled the conversation meanwhile: there is nothing any more to which it could be said
    const note = document.createElement('p'), quote = document.createElement('q');
    note.className = 'note soft';
    note.setAttribute('role', 'alert');
    quote.className = 'value';
    quote.textContent = text;
    note.append(`${drawer.querySelector('[data-lost]').dataset.lost} `, quote);
    drawer.querySelector('header').after(note);
  }
  function mark() {
    const there = new Set([...unsent.values()].map(({ at }) => at));
    for (const link of document.querySelectorAll('a[data-drawer]:not([data-history])')) {
      link.classList.toggle('unsent', there.has(link.href));
      if (there.has(link.href)) link.title = unsentWords; else link.removeAttribute('title');
    }
  }
  addEventListener('beforeunload', (event) => { if (unsent.size) { event.preventDefault(); event.returnValue = unsentWords; } });

  function show(text, isWanted = true) {
    made().innerHTML = text;
    const header = drawer.querySelector('[data-unsent]');
    if (header) { unsentWords = header.dataset.unsent; if (isWanted) fillIn(); else mark(); }
    const title = drawer.querySelector('h2');
    if (title) { title.id = 'drawer-t'; drawer.setAttribute('aria-labelledby', title.id); }
    if (isWanted && !drawer.open) drawer.showModal();
    if (isWanted) (drawer.querySelector('[autofocus]') || title || drawer).focus();
    const count = origin && origin.querySelector('[data-count]'), told = drawer.querySelector('[data-waiting]');
    if (!count || !told) return;
    const number = Number(told.dataset.waiting);
    count.textContent = number ? String(number) : '';
    origin.classList.toggle('has', number > 0);
  }

  async function send(form, button) {
    if (busy) return;  // pressed twice
    busy = true;
    const action = button && button.hasAttribute('formaction') ? button.formAction : form.action;
    const body = new URLSearchParams(new FormData(form)), sent = new Map([...form.querySelectorAll(BOX)].map((box) => [box, box.value]));
    try {
      const answer = await fetch(action, { method: 'POST', headers: asked, body });
      const page = (answer.ok || answer.status === 422) && (answer.headers.get('Content-Type') || '').startsWith('text/html');
      if (page) {  // what could not be taken is on it again
        const text = await answer.text();
        const isWanted = form.isConnected && drawer.open;  // who has closed it meanwhile is somewhere else
        for (const [box, words] of sent) if (box.value === words && (answer.ok || isWanted)) unsent.delete(nameOf(box));  // what was typed since is not sent
        if (form.isConnected) show(text, isWanted); else mark();
      } else { const told = await answer.json(); tell(form, told.message, told.sign_in); }
    } catch { tell(form, drawer.querySelector('[data-offline]').dataset.offline); }
    busy = false;
  }

  function tell(form, words, signIn) {  // what was typed stays where it is
    let note = form.querySelector('[role="alert"]');
    if (!note) {
      note = document.createElement('p');
      note.setAttribute('role', 'alert');
      note.className = 'msg';
      form.prepend(note);
    }
    note.textContent = words;
    if (!signIn) return;
    const link = Object.assign(document.createElement('a'), { href: signIn, target: '_blank', rel: 'noopener', textContent: words });
    note.replaceChildren(link);
  }

  document.addEventListener('click', async (event) => {
    const link = event.target.closest && event.target.closest('a[data-drawer]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    try {
      const answer = await fetch(link.href, { headers: asked });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      origin = link;
      from = drawer && drawer.open ? from : document.activeElement;
      show(await answer.text());
    } catch { location.href = link.href; }
  });
}());
