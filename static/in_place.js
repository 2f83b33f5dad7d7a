// Forms that open in place, under the row of a list: one at a time, put away by “Close” or Esc.
// htmx fetches and sends them; here is where the focus goes, and what becomes of an answer that is
// no part of a page.
(() => {
  "use strict";
  const place = () => document.querySelector(".in-place");
  let opener = null; // the link that opened the form
  let following = ""; // the id of the row after it

  // Asked for by the page, again and again, and by nobody: it takes no focus, and errors may pass.
  const byItself = ({ requestConfig }) => !requestConfig.triggeringEvent;

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-close]")) return;
    event.preventDefault();
    event.stopPropagation();
    place().remove();
    opener.focus();
  }, true);

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && place()) place().querySelector(".in-place-close").click();
  });

  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (/^\s*<!doctype/i.test(detail.serverResponse)) {
      if (detail.xhr.status < 400) { // sent on to sign in
        detail.shouldSwap = false;
        window.location.assign(detail.xhr.responseURL);
        return;
      }
      if (byItself(detail)) return;
      detail.shouldSwap = true;
      detail.isError = false;
      detail.target = document.querySelector("main");
      detail.selectOverride = "main";
      detail.swapOverride = "outerHTML";
    } else if (detail.requestConfig.elt.matches("[data-opens]")) {
      if (place()) place().remove();
      opener = detail.requestConfig.elt;
    } else if (detail.target.id === "list") {
      const row = place() && place().nextElementSibling;
      following = row ? row.id : "";
    }
  });

  // Once htmx listens to it: what has the focus can be pressed.
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (byItself(detail)) return;
    const form = place();
    if (form) {
      const goal = form.querySelector(".error-summary, .times") || form.querySelector("section");
      goal.focus({ preventScroll: true });
      for (const seen of [form, goal]) seen.scrollIntoView({ block: "nearest" });
    } else if (!document.activeElement.closest("main")) { // it went with what was replaced
      const row = document.getElementById(following);
      const goal = document.querySelector("#list .error-summary") ||
        (row && row.querySelector("[data-opens]")) || document.getElementById("said");
      goal.focus();
    }
  });

  document.addEventListener("htmx:sendError", ({ detail }) => {
    if (byItself(detail)) return;
    const before = document.querySelector(".unreached");
    if (before) before.remove();
    const shown = document.getElementById("unreached").content.cloneNode(true);
    ((place() && place().querySelector("section")) || document.getElementById("list")).prepend(shown);
  });
})();
