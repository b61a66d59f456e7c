// Filters the accounts by rung and name. The page is complete without it.
(function () {
  const form = document.querySelector(".filter");
  if (!form) return;
  const items = document.querySelectorAll("[data-rung]");
  const nothing = document.querySelector(".nothing");
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    const rung = form.querySelector("input:checked").value;
    const name = form.querySelector("[type=search]").value.trim().toLowerCase();
    let shown = 0;
    for (const item of items) {
      item.hidden = (rung && item.dataset.rung !== rung) || !item.dataset.name.includes(name);
      if (!item.hidden) shown += 1;
    }
    nothing.hidden = shown > 0;
  });
})();
