const view = JSON.parse(document.getElementById("data").textContent);
const parts = ["forward", "backward", "update"];

// Text goes in as text alone, so that no name is markup.
function element(tag, properties, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, text] of Object.entries(value)) made.style.setProperty(key, text);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter(c => c !== undefined && c !== null));
  return made;
}

function shape(tag, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes ?? {})) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function scaled(number, units, base) {
  let unit = 0;
  while (number >= base * 0.9995 && unit < units.length - 1) { number /= base; unit++; }
  const digits = unit === 0 && Number.isInteger(number) ? 0 : number < 10 ? 2 : number < 100 ? 1 : 0;
  return `${number.toFixed(digits)} ${units[unit]}`.trimEnd();
}

const bytes = n => scaled(n, ["B", "KiB", "MiB", "GiB", "TiB"], 1024);
const count = n => n < 100000 ? n.toLocaleString("en-US") : scaled(n, ["", "k", "M", "G"], 1000).replace(" ", "");
const flops = n => scaled(n, ["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP"], 1000);
const time = ns => scaled(ns, ["ns", "µs", "ms", "s"], 1000);
const percent = x => `${(100 * x).toFixed(x < 0.1 ? 1 : 0)} %`;

const isTimed = view.kernels.some(k => k.share !== undefined);
const allFlops = view.kernels.reduce((sum, k) => sum + k.flops, 0) || 1;
// A kernel's part of the time, or, of a function that was not profiled, of the operations.
const weight = k => isTimed ? k.share ?? 0 : k.flops / allFlops;
const weightName = isTimed ? "of the time" : "of the operations";
const heaviest = Math.max(...view.kernels.map(weight), 1e-9);
const heat = part => `color-mix(in oklab, var(--hot) ${(100 * Math.min(1, part / heaviest)).toFixed(1)}%, var(--cool))`;
const layerName = layer => view.layers[layer]?.name ?? "";

function badges(list) {
  return list.map(p => element("span", { class: `badge ${parts[p]}` }, parts[p] + " "));
}

function fill(node, ...children) {
  node.replaceChildren(...children.flat().filter(c => c !== undefined && c !== null));
}
