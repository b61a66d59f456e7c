(() => {
  const form = document.getElementById("check");
  if (!form || !canSolve()) return; // the page shows the other way already
  const [button, bar, status] = ["start", "bar", "status"].map((id) => document.getElementById(id));
  const without = document.getElementById("without"), other = document.getElementById("other");
  form.hidden = false;
  if (without) without.hidden = true;
  if (other) other.open = false;
  let busy = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    button.setAttribute("aria-disabled", "true");
    bar.hidden = false;
    status.textContent = form.dataset.working;
    const {puzzles, rounds, target} = form.dataset;
    const work = {order: form.elements.order.value, puzzles: Number(puzzles), rounds: Number(rounds), target: Number(target)};
    try {
      form.elements.solution.value = await solveOrder(work, (done) => { bar.value = done; });
      status.textContent = form.dataset.sending;
      form.submit();
    } catch (error) {
      console.error(error);
      status.textContent = form.dataset.failed;
      bar.hidden = true;
      bar.value = 0;
      button.removeAttribute("aria-disabled");
      busy = false;
      if (other) other.open = true;
    }
  });
  // Coming back with the back button: the order on a page kept in memory may be spent.
  window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });
})();
