/* Files of a form: sent as soon as they are chosen, with progress, into the working copy. Without it they go with the form.
   What the server answers is put into the field, which autosave then sends as it does any other. */
(function () {
  'use strict';
  const page = globalThis.ecrfForm;
  if (!page || !page.form.dataset.files) return;
  const { form, find, message, say, words, nameOf, signedOut } = page;
  const number = new Intl.NumberFormat(form.dataset.language, { maximumFractionDigits: 1, useGrouping: false });
  const sending = new Map(); // field -> what is under way: the request, or the timer of the next try

  const sizeText = (bytes) => (bytes >= 1e6 ? `${number.format(bytes / 1e6)} MB` : `${number.format(bytes / 1e3)} kB`);
  function limitText(bytes) { const step = 10 ** Math.max(String(bytes).length - 2, 0); return sizeText(Math.floor(bytes / step) * step); }
  function fault(field, text) {
    const place = find('[data-file-fault]', field), box = find('[type=file]', field);
    place.replaceChildren();
    if (!text) { box.removeAttribute('aria-invalid'); return; }
    place.append(message({ severity: 'error', message: text }));
    box.setAttribute('aria-invalid', 'true');
  }
  function state(field, text, unseen) { // unseen: said to who cannot see that the file is there
    const place = find('[data-file-state]', field);
    place.classList.toggle('vh', Boolean(unseen));
    place.textContent = text;
  }
  function progress(field, part) {
    const bar = find('[data-sent]', field);
    bar.hidden = part === null;
    bar.value = part || 0;
  }
  function stop(field) {
    const { request, timer } = sending.get(field) || {};
    if (request) request.abort();
    clearTimeout(timer);
    sending.delete(field);
    progress(field, null);
    state(field, '');
  }

  function send(field, file, wait) {
    const request = new XMLHttpRequest(), body = new FormData();
    for (const name of ['__owner', '__key']) body.append(name, find(`[name=${name}]`).value);
    body.append('file', file);
    request.open('POST', form.dataset.files + encodeURIComponent(nameOf(field)));
    request.responseType = 'json';
    request.setRequestHeader('X-Requested-With', 'fetch');
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('X-CSRFToken', find('[name=csrf_token]').value);
    request.upload.addEventListener('progress', (event) => { if (event.lengthComputable) progress(field, event.loaded / event.total); });
    request.addEventListener('load', () => answered(field, file, request, wait));
    request.addEventListener('error', () => later(field, file, wait));
    sending.set(field, { request, again: () => send(field, file, 1000) });
    progress(field, 0);
    state(field, say('fileSending', { name: file.name }));
    request.send(body);
  }
  function answered(field, file, { status, response }, wait) {
    signedOut(status === 401 && response ? response : null);
    if (!response || status >= 500 || status === 429) { later(field, file, wait); return; }
    if (status === 419 && response.csrf_token) {
      for (const box of document.querySelectorAll('[name=csrf_token]')) box.value = response.csrf_token;
      later(field, file, wait);
      return;
    }
    if (status === 401) { later(field, file, 20000); return; }
    stop(field);
    if (status === 200) hold(field, response); else refuse(field, response.message);
  }
  function later(field, file, wait) {
    progress(field, null);
    state(field, say('fileWaits', { name: file.name }));
    sending.set(field, { timer: setTimeout(() => send(field, file, Math.min(wait * 2, 60000)), wait + Math.random() * 500), again: () => send(field, file, 1000) });
  }
  function refuse(field, text) {
    find('[type=file]', field).value = '';
    fault(field, text);
  }
  function hold(field, told) {
    const box = find('[type=file]', field), held = find('[data-held]', field), link = find('a', held), marker = find('input[type=hidden]', field);
    const focused = document.activeElement === box;
    box.value = '';
    find('[data-file]', held).textContent = told.name;
    link.href = told.href;
    find('[data-size]', held).textContent = told.size;
    held.hidden = false;
    find('[data-choose]', field).hidden = true;
    state(field, say('fileAdded', { name: told.name }), true);
    marker.value = told.value;
    marker.dispatchEvent(new Event('input', { bubbles: true }));
    if (focused) link.focus();
  }

  function chosen(box) {
    const file = box.type === 'file' && box.files[0];
    if (!file) return;
    const field = box.closest('[data-item]'), largest = Number(box.dataset.largest);
    stop(field);
    fault(field, '');
    if (file.size > largest) refuse(field, say('fileTooLarge', { name: file.name, size: sizeText(file.size), most: limitText(largest) }));
    else send(field, file, 1000);
  }
  form.addEventListener('change', (event) => chosen(event.target));
  for (const box of page.all('[type=file]')) chosen(box); // whoever was quicker than this script
  form.addEventListener('submit', () => { for (const field of [...sending.keys()]) stop(field); }); // it goes with the form
  const again = () => { for (const { timer, again: run } of [...sending.values()]) if (timer) { clearTimeout(timer); run(); } };
  addEventListener('online', again);
  addEventListener('focus', again);
  addEventListener('beforeunload', (event) => { if (sending.size) { event.preventDefault(); event.returnValue = words.leave; } });
}());
