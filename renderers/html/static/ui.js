/* Small behaviours of every page. Pages work without them; nothing here is inline. */
(function () {
  'use strict';
  const narrow = matchMedia('(max-width: 59.99em)');
  const all = (selector, root) => [...(root || document).querySelectorAll(selector)];
  for (const fold of all('.fold-nav')) if (narrow.matches) fold.open = false;

  // one menu at a time; Escape closes it and gives focus back
  document.addEventListener('click', (event) => {
    for (const menu of all('.menu[open]')) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener('keydown', (event) => {
    const menu = event.key === 'Escape' && event.target.closest && event.target.closest('.menu[open]');
    if (menu) { menu.open = false; menu.querySelector('summary').focus(); }
  });

  // a button that is pressed twice sends once: the second press of somebody who double-clicks or waits for a slow line is no wish of its own
  let sent = {};
  addEventListener('submit', (event) => {
    if (event.defaultPrevented || event.target.method !== 'post') return;
    if (sent.form === event.target && sent.button === event.submitter && Date.now() - sent.at < 10000) event.preventDefault();
    else sent = { form: event.target, button: event.submitter, at: Date.now() };
  });
  addEventListener('pageshow', () => { sent = {}; });
  addEventListener('beforeunload', (event) => { setTimeout(() => { if (event.defaultPrevented) sent = {}; }); });  // whoever was asked may have stayed

  // a page between the one where Back was pressed and the one that was meant
  if (document.querySelector('[data-back]')) history.back();

  // the rail folds to a strip
  for (const button of all('[data-rail]')) {
    button.hidden = false;
    button.addEventListener('click', () => {
      const thin = button.closest('.work').classList.toggle('thin');
      button.setAttribute('aria-expanded', String(!thin));
      button.querySelector('span').textContent = thin ? button.dataset.unfold : button.dataset.fold;
      button.setAttribute('aria-label', thin ? button.dataset.unfold : button.dataset.fold);
    });
  }

  // tabs are links to parts of the page; on a phone only the chosen part shows
  for (const nav of all('[data-tabs]')) {
    const links = all('a', nav);
    const show = (link) => {
      for (const each of links) {
        if (each === link) each.setAttribute('aria-current', 'true'); else each.removeAttribute('aria-current');
        document.querySelector(each.hash).hidden = narrow.matches && each !== link;
      }
    };
    show(nav.querySelector('[aria-current]') || links[0]);
    nav.addEventListener('click', (event) => { if (event.target.hash) { show(event.target); event.preventDefault(); } });
  }

  // the list behind a field is asked for anew while somebody types
  for (const input of all('[data-suggest]')) {
    let timer = 0;
    const ask = async () => {
      const text = input.value, answer = await fetch(`${input.dataset.suggest}?${new URLSearchParams({ q: text })}`, { headers: { Accept: 'application/json' } }).catch(() => null);
      const found = answer && answer.ok ? await answer.json() : null;
      if (!found || text !== input.value) return;
      input.list.replaceChildren(...found.map((value) => Object.assign(document.createElement('option'), { value })));
    };
    input.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(ask, 150); });
  }

  // a password can be read while typed
  for (const button of all('[data-reveal]')) {
    button.addEventListener('click', () => {
      const input = document.getElementById(button.dataset.reveal), shown = input.type === 'password';
      input.type = shown ? 'text' : 'password';
      button.setAttribute('aria-pressed', String(shown));
    });
  }
}());
