/* Search in the codebook: what does not fit is hidden; Enter goes to the best hit. Without scripts all is shown. */
(() => {
  "use strict";
  const $ = (id) => document.getElementById(id);
  const field = $("search"), everywhere = $("everywhere");
  document.querySelector(".find").hidden = false;
  // ł is a letter of its own, so that taking accents off leaves it.
  const folded = (text) => text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/ł/g, "l");
  const entries = [...document.querySelectorAll(".entry")];
  const parts = [...document.querySelectorAll("main section")];
  const named = (entry) => {
    const codes = [...entry.querySelectorAll("tbody th, tbody td:nth-child(2)")];
    return folded([entry.firstElementChild, ...codes].map((part) => [...part.childNodes].map((node) => node.textContent).join(" ")).join(" "));
  };
  let names, texts;
  const index = () => {
    names ||= entries.map(named);
    if (everywhere.checked) texts ||= entries.map((entry) => folded(entry.textContent));
    return everywhere.checked ? texts : names;
  };
  const rank = (place, words) => {
    const id = folded(entries[place].querySelector("code").textContent), whole = words.join(" ");
    if (id === whole) return 0;
    if (id.startsWith(whole)) return 1;
    return names[place].startsWith(whole) ? 2 : names[place].includes(` ${whole}`) ? 3 : 4;
  };
  let hits = [];
  const search = () => {
    const words = folded(field.value).split(/\s+/).filter(Boolean), among = index();
    hits = [];
    entries.forEach((entry, place) => {
      const fits = words.every((word) => among[place].includes(word));
      entry.hidden = !fits;
      if (fits && words.length) hits.push(place);
    });
    hits.sort((a, b) => rank(a, words) - rank(b, words) || a - b);
    for (const part of parts) part.hidden = words.length > 0 && !part.querySelector(".entry:not([hidden])");
    $("found-some").hidden = !hits.length;
    $("found-none").hidden = !words.length || hits.length > 0;
    $("found-number").textContent = hits.length;
  };
  let waiting;
  field.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(search, 120); });
  everywhere.addEventListener("change", search);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      clearTimeout(waiting);
      search();
      if (hits.length) { entries[hits[0]].focus(); entries[hits[0]].scrollIntoView(); }
    } else if (event.key === "Escape") {
      field.value = "";
      search();
    } else return;
    event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input[type=search]")) return;
    event.preventDefault();
    field.focus();
    field.select();
  });
  // A link into what the search hides shows it again.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']"), target = link && $(link.getAttribute("href").slice(1));
    if (!target) return;
    if (target.closest("[hidden]")) { field.value = ""; search(); }
    target.focus();
  });
  const told = () => { document.documentElement.lang = document.querySelector("[name=language]:checked").value; };
  for (const choice of document.querySelectorAll("[name=language]")) choice.addEventListener("change", told);
  told();
})();
