// Kernels in the order in which they run.
const kernels = { detail: element("aside", { class: "panel detail", "aria-live": "polite" }), rows: [], strips: [] };

function chooseKernel(i) {
  const k = view.kernels[i];
  kernels.rows.forEach((r, j) => r.classList.toggle("on", i === j));
  kernels.strips.forEach((s, j) => s.classList.toggle("on", i === j));
  fill(kernels.detail, element("h2", { class: "mono" }, `${i} ${k.name}`), element("div", {}, badges(k.parts)),
    element("p", { class: "soft" }, [`${flops(k.flops)}, ${bytes(k.bytes)} of operands and results`,
      k.nanoseconds === undefined ? null : `${time(k.nanoseconds)} a call`, k.isParallel ? "shared by all threads" : "one thread"]
      .filter(t => t).join("; ") + "."),
    element("div", { class: "links" }, k.layers.map(l => element("span", { class: "chip" }, layerName(l)))),
    element("pre", {}, k.text), k.lines.length ? element("p", { class: "soft" }, `Written at ${k.lines.join(", ")}.`) : null);
}

function showKernels(panel) {
  const number = (x, digits = 1) => x === undefined || !Number.isFinite(x) ? "–" : x.toFixed(digits);
  kernels.strips = view.kernels.map((k, i) => element("i", {
    style: { "flex-grow": Math.max(weight(k), 1e-4), background: heat(weight(k)) },
    title: `${i} ${k.name}: ${percent(weight(k))} ${weightName}`, onclick: () => chooseKernel(i),
  }));
  const head = element("tr", {}, ["#", "kernel", "layers", isTimed ? "time" : "operations", "share", "GFLOP/s", "GB/s", "of limit"]
    .filter((_, i) => isTimed || i < 5).map((t, i) => element("th", { scope: "col", class: i === 1 || i === 2 ? "text" : null }, t)));
  kernels.rows = view.kernels.map((k, i) => element("tr", { onclick: () => chooseKernel(i) },
    element("td", {}, String(i)),
    element("td", { class: "text" }, element("button", { class: "mono", "data-kernel": i }, k.name), " ", badges(k.parts)),
    element("td", { class: "text soft" }, k.layers.slice(0, 3).map(layerName).join(", ") + (k.layers.length > 3 ? " …" : "")),
    element("td", {}, isTimed ? time(k.nanoseconds ?? 0) : flops(k.flops)),
    element("td", {}, percent(weight(k)), element("span", { class: "heat" }, element("i", {
      style: { width: `${100 * weight(k) / heaviest}%`, background: heat(weight(k)) } }))),
    isTimed ? [element("td", {}, number(k.flops / k.nanoseconds)), element("td", {}, number(k.bytes / k.nanoseconds)),
      element("td", {}, k.ofLimit === undefined ? "–" : percent(k.ofLimit))] : []));
  const note = isTimed ? "Each kernel is as wide and as warm as its share of a step's time, waiting for other threads included."
    : "This function was not profiled: kernels are as wide and as warm as their share of the operations. Pass a profile to see times.";
  const heaviestKernel = view.kernels.reduce((best, k, i) => weight(k) > weight(view.kernels[best]) ? i : best, 0);
  fill(panel, element("p", { class: "note" }, note), element("div", { class: "strip", "aria-hidden": "true" }, kernels.strips),
    element("div", { class: "split" }, element("div", { class: "panel scroll" },
      element("table", {}, element("thead", {}, head), element("tbody", {}, kernels.rows))), kernels.detail));
  if (view.kernels.length) chooseKernel(heaviestKernel);
}
