// On the messenger's own registration page: puts the widget in place, and sends the form with the response.
(() => {
  const base = document.currentScript.src;
  const place = document.getElementById("tidegate-captcha");
  const form = place && place.closest("form");
  if (!form || !canSolve()) return; // the page's own form takes a code
  const {texts, work} = TIDEGATE;
  document.documentElement.lang = texts.lang;
  document.documentElement.dir = texts.direction;
  document.title = texts.register_title;
  const heading = document.getElementById("tidegate-title");
  if (heading) heading.textContent = texts.register_title;
  captchaWidget(place, TIDEGATE, base, async () => work, (response) => {
    form.append(make("input", {type: "hidden", name: "g-recaptcha-response", value: response}));
    form.submit();
  });
})();
