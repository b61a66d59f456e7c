// Button, progress and words for somebody who registers. `order` gives the work once the button was pressed, `done` takes
// the response.
const make = (kind, settings, ...children) => {
  const element = Object.assign(document.createElement(kind), settings);
  element.append(...children);
  return element;
};

function captchaWidget(place, {texts, wait}, base, order, done) {
  const button = make("button", {type: "button"}, texts.start);
  const bar = make("progress", {value: 0, hidden: true});
  bar.setAttribute("aria-label", texts.working);
  const status = make("p", {});
  status.setAttribute("role", "status");
  const parts = [make("p", {}, texts.register_lead), button, bar, status, make("p", {className: "soft"}, texts.register_why)];
  if (wait) {
    const href = new URL(`registration?lang=${texts.lang}`, base).href;
    parts.push(make("p", {}, make("a", {href, target: "_blank", rel: "noopener"}, texts.wait_title)));
  }
  place.lang = texts.lang;
  place.dir = texts.direction;
  place.replaceChildren(...parts);
  let busy = false;
  button.addEventListener("click", async () => {
    if (busy) return;
    busy = true;
    button.setAttribute("aria-disabled", "true");
    status.textContent = texts.working;
    try {
      const work = await order();
      bar.max = work.puzzles;
      bar.hidden = false;
      const solution = await solveOrder(work, (solved) => { bar.value = solved; });
      status.textContent = texts.sending;
      done(work.order + work.separator + solution);
    } catch (error) {
      console.error(error);
      status.textContent = texts.failed;
    }
    bar.hidden = true;
    bar.value = 0;
    button.removeAttribute("aria-disabled");
    busy = false;
  });
}
