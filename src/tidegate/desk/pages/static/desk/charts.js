// Draws charts where a page asks for one: an element with class "chart" and the id of a JSON script in data-from:
// {"x": [unix seconds…], "series": [{"name", "values", "colour": "rung-4", "kind": "line" | "bars"}], "unit": ""}.
// Every chart has a table beside it that says the same; the drawing is hidden from assistive technology.
(function () {
  "use strict";
  const drawn = new Map();
  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim() || "#0b6275";
  }
  function draw(place) {
    const source = document.getElementById(place.dataset.from);
    if (!source || typeof uPlot === "undefined") { return; }
    const said = JSON.parse(source.textContent);
    const old = drawn.get(place);
    if (old) { old.destroy(); }
    const ink = colour("ink"), line = colour("line");
    const axis = {stroke: ink, grid: {stroke: line, width: 1}, ticks: {stroke: line, width: 1}};
    const series = said.series.map(function (one) {
      const c = colour(one.colour || "accent");
      const made = {label: one.name, stroke: c, width: 2, points: {show: said.x.length < 40}};
      if (one.kind === "bars") { made.paths = uPlot.paths.bars({size: [0.7, 40]}); made.fill = c; made.points = {show: false}; }
      return made;
    });
    drawn.set(place, new uPlot({
      width: Math.max(place.clientWidth, 200), height: Number(place.dataset.height || 220),
      series: [{}].concat(series), axes: [axis, Object.assign({size: 60}, axis)],
      scales: {y: {range: function (u, low, high) { return [Math.min(0, low), high > 0 ? high * 1.1 : 1]; }}},
      cursor: {drag: {x: false, y: false}}, legend: {live: true},
    }, [said.x].concat(said.series.map(function (one) { return one.values; })), place));
    place.setAttribute("aria-hidden", "true");
  }
  function all(root) {
    drawn.forEach(function (plot, place) { if (!place.isConnected) { plot.destroy(); drawn.delete(place); } });
    root.querySelectorAll(".chart[data-from]").forEach(draw);
  }
  document.addEventListener("DOMContentLoaded", function () { all(document); });
  document.addEventListener("htmx:afterSettle", function (event) { all(event.target.parentElement || document); });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", function () { all(document); });
  let waiting = 0;
  window.addEventListener("resize", function () { clearTimeout(waiting); waiting = setTimeout(function () { all(document); }, 150); });
}());
