// Small comforts. Everything works without this file.
(function () {
  "use strict";
  // On a phone the menu begins closed.
  const menu = document.querySelector("details.menu");
  if (menu && window.matchMedia("(max-width: 48rem)").matches) { menu.removeAttribute("open"); }
}());
