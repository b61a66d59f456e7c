// Small comforts. Everything works without this file.
(function () {
  "use strict";
  // On a phone the menu begins closed.
  const menu = document.querySelector("details.menu");
  if (menu && window.matchMedia("(max-width: 48rem)").matches) { menu.removeAttribute("open"); }
  // Parts with data-refresh="seconds" ask for themselves anew, while the page is visible and nobody is reading them closely.
  document.querySelectorAll("[data-refresh]").forEach(function (part) {
    setInterval(function () {
      const selection = document.getSelection();
      const selects = selection && !selection.isCollapsed && part.contains(selection.anchorNode);
      const reads = selects || part.querySelector("details[open]") !== null;
      if (document.visibilityState === "visible" && !reads && !part.classList.contains("htmx-request")) {
        part.dispatchEvent(new Event("desk:refresh"));
      }
    }, 1000 * Number(part.dataset.refresh));
  });
  // Buttons with data-line lead to that place in the field named by data-of.
  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-line]");
    const field = button && document.getElementById(button.dataset.of);
    if (!field) { return; }
    const lines = field.value.split("\n"), line = Math.min(Number(button.dataset.line), lines.length);
    const start = lines.slice(0, line - 1).reduce(function (sum, one) { return sum + one.length + 1; }, 0);
    field.focus();
    field.setSelectionRange(start, start + lines[line - 1].length);
    field.scrollTop = (line - 4) * parseFloat(getComputedStyle(field).lineHeight);
  });
}());
