// For clients that show a captcha themselves through Google's interface, loaded before they look for it:
// https://developers.google.com/recaptcha/docs/display#js_api, as far as clients use it.
(() => {
  const base = document.currentScript.src;
  const order = async () => {
    const answer = await fetch(new URL("registration.json", base), {credentials: "omit", cache: "no-store"});
    if (!answer.ok) throw new Error(`no order of work: ${answer.status}`);
    return answer.json();
  };
  const widgets = [];
  window.grecaptcha = {
    ready: (callback) => callback(),
    render: (container, {callback}) => {
      const widget = {place: typeof container === "string" ? document.getElementById(container) : container, response: ""};
      captchaWidget(widget.place, TIDEGATE, base, order, (response) => {
        widget.response = response;
        if (typeof callback === "function") callback(response);
      });
      return String(widgets.push(widget));
    },
    getResponse: (id) => (widgets[(id || 1) - 1] || {response: ""}).response,
    reset: (id) => {
      const widget = widgets[(id || 1) - 1];
      if (widget) widget.response = "";
    },
  };
})();
