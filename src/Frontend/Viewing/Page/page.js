const shows = { graph: showGraph, kernels: showKernels, memory: showMemory, passes: showPasses };
const shown = new Set();
// No element has the name that the address ends with, which browsers would scroll to.
const nameOf = tab => tab.id.slice("tab-".length);

function openTab(name, isFocused) {
  for (const tab of document.querySelectorAll("[role=tab]")) {
    const isOpen = nameOf(tab) === name;
    tab.setAttribute("aria-selected", String(isOpen));
    tab.tabIndex = isOpen ? 0 : -1;
    if (isOpen && isFocused) tab.focus();
    document.getElementById(tab.getAttribute("aria-controls")).hidden = !isOpen;
  }
  // A panel is measured as it is drawn, so not before it is seen.
  if (!shown.has(name)) shows[name](document.getElementById(`${name}-view`));
  shown.add(name);
  history.replaceState(null, "", `#${name}`);
}

function showTotals() {
  const t = view.totals;
  const rate = t.microseconds ? t.flops / t.microseconds / 1e3 : undefined;
  const all = [["parameters", count(t.elements)], ["variables and state", bytes(t.variableBytes)], ["a run", flops(t.flops)],
    ["arena", bytes(view.memory.arenaBytes)], ["operations", count(view.operations.length)], ["kernels", count(view.kernels.length)],
    t.microseconds ? ["time of a run", time(1000 * t.microseconds)] : null,
    rate ? ["rate", `${rate.toFixed(1)} of ${t.gigaflops.toFixed(0)} GFLOP/s`] : null,
    t.threads ? ["threads", String(t.threads)] : null, t.precision === "f32" ? null : ["products", t.precision]];
  fill(document.getElementById("totals"), all.filter(x => x).map(([name, text]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, text))));
}

function moveTab(event) {
  const tabs = [...document.querySelectorAll("[role=tab]")];
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
  openTab(nameOf(next), true);
}

for (const tab of document.querySelectorAll("[role=tab]"))
  tab.addEventListener("click", () => openTab(nameOf(tab)));
document.querySelector("[role=tablist]").addEventListener("keydown", moveTab);
showTotals();
openTab(shows[location.hash.slice(1)] ? location.hash.slice(1) : "graph");
