// Before a session ends for want of use the person is asked. When it ends, what they typed is kept in
// this tab, under the page's address and the person, until they are back. The server alone knows when.
(() => {
  "use strict";
  const { person, left, session } = document.body.dataset;
  const WARNED = 120_000; // milliseconds before the end
  const mine = `typed:${person}:`;
  const here = mine + window.location.pathname;
  const idle = document.getElementById("session-idle");
  const old = document.getElementById("session-old");
  const remains = () => ends - Date.now();
  let ends = Date.now() + left * 1000;
  let isLast = false; // it cannot be put off
  let warned = false;
  let asking = false;

  // Each field by its form, its name and, of several boxes, its value.
  const fields = () => {
    const seen = new Map();
    return [...document.querySelectorAll("main form[method=post]")].flatMap((form) => {
      const action = form.getAttribute("action") || form.getAttribute("hx-post") || "";
      seen.set(action, (seen.get(action) || 0) + 1);
      return [...form.elements]
        .filter(({ name, type }) => name && !/hidden|password|file|submit|button/.test(type))
        .map((field) => ({ field, key: [action, seen.get(action), field.name, isBox(field) ? field.value : ""].join(" ") }));
    });
  };
  const isBox = ({ type }) => type === "checkbox" || type === "radio";
  const options = (field, property) => [...field.options].filter((option) => option[property]).map(({ value }) => value);
  const said = (field) => {
    if (isBox(field)) return field.checked;
    return field.options ? options(field, "selected") : field.value;
  };
  const asItCame = (field) => {
    if (isBox(field)) return field.defaultChecked;
    if (!field.options) return field.defaultValue;
    const chosen = options(field, "defaultSelected");
    return chosen.length || field.multiple ? chosen : [...field.options].slice(0, 1).map(({ value }) => value);
  };

  const keep = () => {
    const typed = fields().filter(({ field }) => String(said(field)) !== String(asItCame(field)))
      .map(({ field, key }) => [key, said(field)]);
    if (typed.length) window.sessionStorage.setItem(here, JSON.stringify(typed));
  };

  const giveBack = () => {
    const typed = new Map(JSON.parse(window.sessionStorage.getItem(here) || "[]"));
    const waiting = typed.size;
    for (const { field, key } of waiting ? fields() : []) {
      if (!typed.has(key)) continue;
      const value = typed.get(key);
      if (isBox(field)) field.checked = value;
      else if (field.options) for (const option of field.options) option.selected = value.includes(option.value);
      else field.value = value;
      typed.delete(key);
      const folded = field.closest("details");
      if (folded) folded.open = true;
    }
    if (typed.size === waiting) return;
    if (typed.size) window.sessionStorage.setItem(here, JSON.stringify([...typed]));
    else window.sessionStorage.removeItem(here);
    document.getElementById("said").append(document.getElementById("typed-again").content.cloneNode(true));
  };

  const forget = (isTheirs) => Object.keys(window.sessionStorage)
    .filter((key) => key.startsWith("typed:") && isTheirs(key))
    .forEach((key) => window.sessionStorage.removeItem(key));

  const over = () => {
    keep();
    window.location.assign(window.location.href.split("#")[0]);
  };

  const ask = async (headers) => {
    asking = true;
    try {
      const answer = await fetch(session, { headers });
      if (answer.redirected) ends = 0;
      else if (answer.ok) {
        const told = await answer.json();
        ends = Date.now() + told.left * 1000;
        isLast = told.is_last;
      }
    } catch { /* not reached: what was known holds */ }
    asking = false;
  };

  window.setInterval(async () => {
    if (asking || remains() > WARNED) return;
    // Another tab may have been used meanwhile.
    if (!warned || remains() <= 0) await ask({ "By-Itself": "yes" });
    if (remains() <= 0) over();
    else if (remains() > WARNED) [idle, old].forEach((dialog) => dialog.close());
    else if (!warned) (isLast ? old : idle).showModal();
    warned = remains() <= WARNED;
  }, 1000);

  const stay = async () => {
    await ask({});
    warned = remains() <= WARNED;
  };
  idle.addEventListener("submit", stay);
  idle.addEventListener("cancel", stay); // Esc
  document.addEventListener("submit", ({ target }) => {
    if (target.matches(".site-out")) forget(() => true);
  });
  document.addEventListener("htmx:afterSettle", giveBack); // a form that opened in place

  forget((key) => !key.startsWith(mine));
  giveBack();
})();
