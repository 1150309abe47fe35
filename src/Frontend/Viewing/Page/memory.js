// The arena: who has which bytes of it while which kernels run.
const memory = { buffers: view.memory.buffers, alive: [], rects: [] };
memory.alive = view.kernels.map((_, t) => memory.buffers.filter(b => b.first <= t && t <= b.last).reduce((sum, b) => sum + b.bytes, 0));
memory.peak = memory.alive.reduce((best, n, t) => n > memory.alive[best] ? t : best, 0);

const plot = { width: 860, left: 64, right: 10, areaTop: 12, areaHeight: 90, mapTop: 142, mapHeight: 300 };
const atKernel = t => plot.left + t * (plot.width - plot.left - plot.right) / Math.max(view.kernels.length, 1);
const atByte = b => plot.mapTop + plot.mapHeight * b / Math.max(view.memory.valueBytes, 1);

function areaChart() {
  const most = Math.max(...memory.alive, 1);
  const y = n => plot.areaTop + plot.areaHeight * (1 - n / most);
  let path = `M${atKernel(0)},${y(0)}`;
  memory.alive.forEach((n, t) => { path += ` L${atKernel(t)},${y(n)} L${atKernel(t + 1)},${y(n)}`; });
  path += ` L${atKernel(memory.alive.length)},${y(0)} z`;
  return [shape("path", { class: "area", d: path }),
    shape("text", { x: plot.left - 8, y: plot.areaTop + 8, "text-anchor": "end" }, bytes(most)),
    shape("text", { x: plot.left - 8, y: y(0), "text-anchor": "end" }, "0"),
    shape("text", { x: atKernel(memory.peak + 0.5), y: plot.areaTop - 2, "text-anchor": "middle" }, "peak")];
}

function memoryMap() {
  memory.rects = memory.buffers.map((b, i) => {
    const made = shape("rect", { class: `buffer ${parts[b.part]}`, x: atKernel(b.first), y: atByte(b.offset), rx: 2,
      width: Math.max(atKernel(b.last + 1) - atKernel(b.first), 1), height: Math.max(atByte(b.bytes) - plot.mapTop, 0.8) });
    made.append(shape("title", {}, `${b.name} : ${b.type}, ${bytes(b.bytes)}, ${layerName(b.layer)}, kernels ${b.first} to ${b.last}`));
    made.addEventListener("click", e => chooseMoment(momentAt(e)));
    return made;
  });
  const bottom = plot.mapTop + plot.mapHeight;
  return [shape("rect", { x: plot.left, y: plot.mapTop, width: plot.width - plot.left - plot.right, height: plot.mapHeight, fill: "none",
    class: "axis" }), ...memory.rects,
  shape("text", { x: plot.left - 8, y: plot.mapTop + 8, "text-anchor": "end" }, "byte 0"),
  shape("text", { x: plot.left - 8, y: bottom, "text-anchor": "end" }, bytes(view.memory.valueBytes)),
  shape("text", { x: plot.left, y: bottom + 16 }, "first kernel"),
  shape("text", { x: plot.width - plot.right, y: bottom + 16, "text-anchor": "end" }, "last kernel")];
}

function momentAt(event) {
  const box = memory.chart.getBoundingClientRect();
  const x = (event.clientX - box.left) * plot.width / box.width;
  const t = Math.floor((x - plot.left) / (atKernel(1) - atKernel(0)));
  return Math.max(0, Math.min(view.kernels.length - 1, t));
}

function chooseMoment(t) {
  memory.slider.value = t;
  memory.slider.setAttribute("aria-valuetext", `kernel ${t}, ${view.kernels[t].name}, ${bytes(memory.alive[t])} alive`);
  const x = atKernel(t + 0.5);
  memory.line.setAttribute("x1", x);
  memory.line.setAttribute("x2", x);
  memory.rects.forEach((r, i) => r.classList.toggle("on", memory.buffers[i].first <= t && t <= memory.buffers[i].last));
  const alive = memory.buffers.filter(b => b.first <= t && t <= b.last).sort((a, b) => b.bytes - a.bytes);
  fill(memory.detail, element("h2", {}, t === memory.peak ? "At the peak" : `While kernel ${t} runs`),
    element("p", { class: "soft" }, `Kernel ${t}, ${view.kernels[t].name}: ${alive.length} values, ${bytes(memory.alive[t])}.`),
    t === memory.peak ? null
      : element("p", {}, element("button", { class: "chip", onclick: () => chooseMoment(memory.peak) }, "Go to the peak")),
    element("table", { id: "alive" }, element("tbody", {}, alive.map(b => element("tr", {},
      element("td", { class: "text" }, element("span", { class: "mono" }, `${b.name} ${b.type}`), element("br"),
        badges([b.part]), element("span", { class: "soft" }, layerName(b.layer))), element("td", {}, bytes(b.bytes)))))));
}

function showMemory(panel) {
  const m = view.memory;
  memory.detail = element("aside", { class: "panel detail", "aria-live": "polite" });
  const saved = m.keepAllBytes > 0 ? `, where side by side they would take ${bytes(m.keepAllBytes)}` : "";
  const note = `Values between kernels share ${bytes(m.valueBytes)}${saved}; scratch of kernels brings the arena to ${bytes(m.arenaBytes)}.`
    + " Above: bytes alive. Below: each value's place in the arena while it is needed.";
  const none = "No value passes from one kernel to another in the arena.";
  if (!memory.buffers.length) return fill(panel, element("p", { class: "note" }, none));
  memory.line = shape("line", { class: "now", y1: plot.areaTop, y2: plot.mapTop + plot.mapHeight });
  memory.chart = shape("svg", { class: "chart", viewBox: `0 0 ${plot.width} ${plot.mapTop + plot.mapHeight + 22}`, role: "img",
    "aria-label": `Memory over time; at most ${bytes(memory.alive[memory.peak])}` });
  memory.chart.append(...areaChart(), ...memoryMap(), memory.line);
  memory.chart.addEventListener("click", e => chooseMoment(momentAt(e)));
  memory.slider = element("input", { type: "range", min: 0, max: view.kernels.length - 1, "aria-label": "Kernel",
    oninput: () => chooseMoment(Number(memory.slider.value)) });
  fill(panel, element("p", { class: "note" }, note), element("div", { class: "split" }, element("div", { class: "panel" },
    element("div", { class: "key" }, parts.map(p => element("span", { class: p }, p))), memory.chart, memory.slider), memory.detail));
  chooseMoment(memory.peak);
}
