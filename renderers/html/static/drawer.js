/* Links with data-drawer open what they lead to at the side of the page; forms in there are sent without leaving it.
   Without this script both are pages of their own. */
(function () {
  'use strict';
  const asked = { 'X-Requested-With': 'fetch', Accept: 'text/html' };
  let drawer = null, origin = null, from = null;  // the link, and where one was: a key may have pressed it

  function made() {
    if (drawer) return drawer;
    drawer = document.createElement('dialog');
    drawer.className = 'drawer';
    drawer.addEventListener('close', () => { const back = from && from !== document.body ? from : origin; if (back && back.isConnected) back.focus(); });
    drawer.addEventListener('click', (event) => {
      if (event.target === drawer || event.target.closest('[data-close]')) drawer.close();
    });
    drawer.addEventListener('submit', (event) => { event.preventDefault(); send(event.target, event.submitter); });
    document.body.append(drawer);
    return drawer;
  }

  function show(text) {
    made().innerHTML = text;
    const title = drawer.querySelector('h2');
    if (title) { title.id = 'drawer-t'; drawer.setAttribute('aria-labelledby', title.id); }
    if (!drawer.open) drawer.showModal();
    (drawer.querySelector('[autofocus]') || title || drawer).focus();
    const count = origin && origin.querySelector('[data-count]'), told = drawer.querySelector('[data-waiting]');
    if (!count || !told) return;
    const number = Number(told.dataset.waiting);
    count.textContent = number ? String(number) : '';
    origin.classList.toggle('has', number > 0);
  }

  async function send(form, button) {
    const action = button && button.hasAttribute('formaction') ? button.formAction : form.action;
    const body = new URLSearchParams(new FormData(form));
    try {
      const answer = await fetch(action, { method: 'POST', headers: asked, body });
      if ((answer.headers.get('Content-Type') || '').startsWith('text/html')) show(await answer.text());
      else tell(form, (await answer.json()).message);
    } catch { tell(form, drawer.querySelector('[data-offline]').dataset.offline); }
  }

  function tell(form, words) {  // what was typed stays where it is
    let note = form.querySelector('[role="alert"]');
    if (!note) {
      note = document.createElement('p');
      note.setAttribute('role', 'alert');
      note.className = 'msg';
      form.prepend(note);
    }
    note.textContent = words;
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
