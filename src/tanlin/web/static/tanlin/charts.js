// Charts drawn from JSON in the page: one theme taken from the CSS tokens, SVG so that it prints.
//
// A canvas <div data-chart="ID"> names its <script type="application/json" id="ID">; `kind` picks the drawing:
//   months   {unit, axis, months, gaps, provisional, series: [{name, thing, values, estimated, coverage, factor}],
//             last: {name, values} | null}
//   sankey   {unit, total, nodes: [{id, name, thing, depth, value, note}], links: [{source, target, value}]}
//   calendar {unit, days: [[ISO day, value | null]], coverage: {ISO day: share}}
//   quality  {months, rows: [{name, thing, coverage, estimated}]}
//   bars     {unit, rows: [{name, thing, value, low, high, share, estimated, note, word}]}
//   tornado  {unit, share, rows: [{name, thing, half, share, note}]}
//   steps    {unit, steps: [{name, thing, value, level, note}]}: a level, or a step from the level before it
//   years    {unit, scale, years, provisional, series: [{name, thing, values, low, high, dashed, path}]}
//   timeline {today, rows: [{name, thing, spans: [{label, exact?, unit, from, to | null, provisional, verified, note}]}]}
// Unknown is null: a gap with a dotted outline, never zero and never a line across.
import * as comparisons from "./comparisons.js";
import { drawings } from "./drawings.js";

const kinds = { ...drawings, ...comparisons };

const charts = new Map();
let library;

function loadLibrary() {
  library ??= new Promise((resolve, reject) => {
    if (window.echarts) return resolve(window.echarts);
    const script = document.createElement("script");
    script.src = document.querySelector('meta[name="tanlin-echarts"]').content;
    script.onload = () => resolve(window.echarts);
    script.onerror = () => reject(new Error(`cannot load ${script.src}`));
    document.head.append(script);
  });
  return library;
}

// The palette of the moment: light, dark or print, as the style sheet has it.
function theme() {
  const style = getComputedStyle(document.documentElement);
  const token = (name) => style.getPropertyValue(`--${name}`).trim();
  return { token, font: token("font"), size: Math.max(12, parseInt(token("size-s"), 10) - 2) };
}

function draw(entry, width) {
  const { element, chart, spec, words } = entry;
  const narrow = (width ?? element.clientWidth) < 560;
  const { option, height } = kinds[spec.kind](spec, theme(), words, narrow);
  if (!document.fullscreenElement) element.style.height = `${height}px`;
  chart.resize({ width: width ?? "auto", silent: true });
  chart.setOption(base(option), { notMerge: true });
}

function base(option) {
  const { token, font, size } = theme();
  return {
    animation: false,
    backgroundColor: "transparent",
    textStyle: { fontFamily: font, fontSize: size, color: token("soft") },
    aria: { enabled: true, label: { enabled: false }, decal: { show: true, decals: [{ symbol: "none" }] } },
    ...option,
    tooltip: {
      confine: true,
      backgroundColor: token("surface"),
      borderColor: token("hairline"),
      borderWidth: 1,
      padding: [8, 12],
      textStyle: { fontFamily: font, color: token("ink") },
      extraCssText: `box-shadow: ${token("shadow")}; border-radius: 6px;`,
      transitionDuration: 0,
      ...option.tooltip,
    },
  };
}

export async function mountAll(root) {
  const waiting = [...root.querySelectorAll("[data-chart]")].filter((element) => !charts.has(element));
  for (const element of charts.keys()) if (!element.isConnected) forget(element);
  if (!waiting.length) return;
  const echarts = await loadLibrary();
  for (const element of waiting) {
    if (charts.has(element)) continue;
    const spec = JSON.parse(document.getElementById(element.dataset.chart).textContent);
    const entry = { element, spec, words: JSON.parse(element.dataset.words) };
    entry.chart = echarts.init(element, null, { renderer: "svg" });
    charts.set(element, entry);
    draw(entry);
    let width = element.clientWidth;
    entry.watch = new ResizeObserver(() => {
      if (element.clientWidth === width || !element.clientWidth) return;
      width = element.clientWidth;
      draw(entry);
    });
    entry.watch.observe(element);
    tools(element.closest("figure"), entry);
  }
  document.documentElement.dataset.charts = "ready";
}

function forget(element) {
  charts.get(element).watch.disconnect();
  charts.get(element).chart.dispose();
  charts.delete(element);
}

function redraw() {
  for (const entry of charts.values()) draw(entry);
}

// ---- tools of a chart: CSV, full screen, print -------------------------------------------------------------------
function tools(figure, entry) {
  figure.querySelector('[data-act="csv"]')?.addEventListener("click", () => save(figure));
  figure.querySelector('[data-act="full"]')?.addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else figure.requestFullscreen();
  });
  figure.addEventListener("fullscreenchange", () => {
    entry.element.style.height = "";
    requestAnimationFrame(() => draw(entry));
  });
  figure.querySelector('[data-act="print"]')?.addEventListener("click", () => {
    figure.classList.add("print-one");
    window.addEventListener("afterprint", () => figure.classList.remove("print-one"), { once: true });
    window.print();
  });
}

// A cell that a spreadsheet would run as a formula gets an apostrophe; numbers keep their sign.
function quote(text) {
  const safe = /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function save(figure) {
  const rows = [...figure.querySelectorAll("table tr")].map((row) =>
    [...row.cells].map((cell) => quote(cell.dataset.raw ?? cell.textContent.trim())).join(","),
  );
  const note = document.querySelector(".demo-ribbon")?.textContent.trim();
  if (note) rows.unshift(quote(note));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(["\ufeff", rows.join("\r\n"), "\r\n"], { type: "text/csv;charset=utf-8" }));
  link.download = `${figure.id}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// ---- re-theme on a dark switch, on elder mode and for paper -------------------------------------------------------
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-bs-theme", "data-size"] });
const PAPER = 680; // px at which a chart fits an upright A4 page
let before;
window.addEventListener("beforeprint", () => {
  before = document.documentElement.dataset.bsTheme;
  document.documentElement.dataset.bsTheme = "light";
  for (const entry of charts.values()) draw(entry, Math.min(PAPER, entry.element.clientWidth || PAPER));
});
window.addEventListener("afterprint", () => {
  if (before === undefined) delete document.documentElement.dataset.bsTheme;
  else document.documentElement.dataset.bsTheme = before;
  redraw();
});
