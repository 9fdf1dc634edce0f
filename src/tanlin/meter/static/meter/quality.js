// Keys of the list of exceptions: j and k move, x ticks, a accepts, e estimates, d goes to the value. The form works without.
const form = document.querySelector("form[data-keys]");
const cards = form ? [...form.querySelectorAll("[data-doubt]")] : [];
const typing = (target) => target.matches("input:not([type=checkbox]), select, textarea");

function move(step) {
  const at = cards.indexOf(document.activeElement?.closest("[data-doubt]"));
  const next = cards[Math.min(Math.max(at + step, 0), cards.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

form?.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const card = event.target.closest("[data-doubt]");
  if (event.key === "j" || event.key === "k") move(event.key === "j" ? 1 : -1);
  else if (event.key === "x" && card) card.querySelector("input[name=id]")?.click();
  else if (card && "aed".includes(event.key)) {
    const found = card.querySelector(`[data-key=${event.key}]`);
    if (event.key === "d") found?.focus();
    else found?.click();
  } else return;
  event.preventDefault();
});

form?.querySelector("[data-all]")?.addEventListener("change", (event) => {
  for (const box of form.querySelectorAll("input[name=id]")) box.checked = event.target.checked;
});

// The first j starts from anywhere on the page but a field.
document.addEventListener("keydown", (event) => {
  if (event.key === "j" && !typing(event.target) && !form?.contains(event.target)) move(1);
});
for (const card of cards) card.tabIndex = card === cards[0] ? 0 : -1;
