// Behaviour that every page shares: the side panel, menus that close, charts where there are any.
import { mountAll } from "./charts.js";

const panel = document.getElementById("panel");

document.addEventListener("htmx:after:swap", () => {
  const body = document.getElementById("panel-body");
  if (panel && !panel.open && body.childElementCount) panel.showModal();
  mountAll(document);
  say();
});

// Progress is read aloud when its words change, not at every report.
function say() {
  const said = document.getElementById("said");
  const words = document.querySelector("[data-say]")?.dataset.say;
  if (said && words && said.textContent !== words) said.textContent = words;
}

// The address of the page stays one click away from the panel, and a failed fragment falls back to it.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-panel]");
  if (link && panel) {
    document.getElementById("panel-page").href = link.href;
    document.getElementById("panel-title").textContent = link.dataset.panel;
  }
  for (const menu of document.querySelectorAll(".switcher[open], .more[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  if (event.target === panel) panel.close();
});
for (const failure of ["htmx:response:error", "htmx:error"]) {
  document.addEventListener(failure, (event) => {
    const link = event.target.closest?.("a[data-panel]");
    if (link) window.location.assign(link.href);
  });
}
panel?.addEventListener("close", () => document.getElementById("panel-body").replaceChildren());

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll(".switcher[open], .more[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// On a phone the strip of tabs is wider than the screen: the one that is open comes into view.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
mountAll(document);
say();
