// The graph: a row for each layer, a column for each part of the step, and an arrow for each value that passes between two cells.
const quiet = new Set(["constant", "broadcast_in_dim", "reshape", "convert", "iota"]);

function layerTree() {
  const root = { children: [], rows: [], depth: -1 };
  const used = new Set(view.operations.map(o => o.layer));
  view.layers.forEach((layer, row) => {
    if (!used.has(row)) return;
    let at = root;
    for (const name of layer.isLine ? [layer.name] : layer.name.split("/")) {
      let child = at.children.find(c => c.name === name && c.isLine === layer.isLine);
      if (!child) {
        child = { name, isLine: layer.isLine, children: [], rows: [], depth: at.depth + 1, isOpen: false, own: [] };
        at.children.push(child);
      }
      at = child;
      at.rows.push(row);
    }
    at.own.push(row);
  });
  // A scope with operations of its own beside those of its layers.
  (function complete(node) {
    node.children.forEach(complete);
    if (!node.children.length || !node.own?.length) return;
    node.children.push({ name: "itself", children: [], rows: node.own, own: node.own, depth: node.depth + 1 });
    node.children.sort((a, b) => a.rows[0] - b.rows[0]);
  })(root);
  const leaves = view.layers.length;
  for (const child of root.children) child.isOpen = leaves <= 16;
  return root;
}

const graph = {
  root: layerTree(), readers: view.operations.map(() => []), expanded: new Set(), cells: new Map(), chosen: null,
  grid: element("div", { class: "grid" }), detail: element("aside", { class: "panel detail", "aria-live": "polite" }),
};
view.operations.forEach((o, i) => o.reads.forEach(r => { if (r >= 0) graph.readers[r].push(i); }));

function visibleRows() {
  const rows = [];
  (function walk(node) {
    for (const child of node.children) {
      rows.push(child);
      if (child.isOpen) walk(child);
    }
  })(graph.root);
  return rows;
}

function operationsOf(node, part) {
  const rows = new Set(node.rows);
  return view.operations.map((o, i) => i).filter(i => view.operations[i].part === part && rows.has(view.operations[i].layer));
}

function weightOf(node, part) {
  const rows = new Set(node.rows);
  return view.kernels.filter(k => k.parts.includes(part) && k.layers.some(l => rows.has(l))).reduce((sum, k) => sum + weight(k), 0);
}

function summaryOf(operations) {
  const names = [...new Set(operations.map(i => view.operations[i].op))];
  const loud = names.filter(n => !quiet.has(n));
  const shown = (loud.length ? loud : names).slice(0, 3);
  return shown.join(" · ") + (loud.length > 3 ? ` +${loud.length - 3}` : "");
}

function cellFor(node, part, rowNumber) {
  const operations = operationsOf(node, part);
  if (!operations.length) return element("div");
  const key = `${node.depth}/${node.name}/${node.rows[0]}/${part}`;
  const isExpanded = graph.expanded.has(key);
  const last = view.operations[operations.at(-1)];
  const part0 = weightOf(node, part);
  const cell = element("div", { class: `cell ${parts[part]}`, "data-key": key },
    element("button", {
      "aria-expanded": String(isExpanded), "data-layer": node.name, "data-part": parts[part],
      title: `Kernels that compute something of this take ${percent(part0)} ${weightName}`,
      onclick: () => { isExpanded ? graph.expanded.delete(key) : graph.expanded.add(key); drawGraph(); focusOn(key); },
    },
    element("strong", {}, summaryOf(operations)),
    element("small", {}, `${operations.length} op${operations.length > 1 ? "s" : ""} → ${last.type}`),
    element("span", { class: "heat" }, element("i", { style: { width: `${Math.min(100, 100 * part0)}%` } }))));
  if (isExpanded) cell.append(element("ol", {}, operations.map(i => element("li", {}, element("button", {
    class: `mono${graph.chosen === i ? " on" : ""}`, "data-operation": i, onclick: () => chooseOperation(i),
  }, view.operations[i].op, element("span", { class: "soft" }, view.operations[i].type))))));
  cell.addEventListener("mouseenter", () => lightEdges(key));
  cell.addEventListener("focusin", () => lightEdges(key));
  cell.addEventListener("mouseleave", () => lightEdges(null));
  cell.addEventListener("focusout", () => lightEdges(null));
  for (const i of operations) graph.cells.set(i, { key, part, row: rowNumber, cell });
  return cell;
}

function labelFor(node) {
  const text = node.isLine ? element("span", { title: "Operations that were declared outside of layers, by their line" }, node.name)
    : node.children.length ? element("button", {
      "aria-expanded": String(node.isOpen), "data-group": node.name,
      onclick: () => { node.isOpen = !node.isOpen; drawGraph(); },
    }, node.name) : element("span", {}, node.name);
  const isGroup = node.isOpen && node.children.length;
  const kind = `label${node.isLine ? " line mono" : ""}${isGroup ? " group" : ""}`;
  return element("div", { class: kind, style: { "--depth": node.depth } }, text);
}

function focusOn(key) {
  [...graph.grid.querySelectorAll(".cell")].find(c => c.dataset.key === key)?.querySelector("button").focus();
}

function drawGraph() {
  graph.cells.clear();
  const used = parts.filter((_, p) => view.operations.some(o => o.part === p));
  graph.grid.style.gridTemplateColumns = `minmax(100px, 180px) repeat(${used.length}, minmax(120px, 1fr))`;
  const arrows = { forward: "↓", backward: "↑", update: "" };
  const title = p => `${p[0].toUpperCase()}${p.slice(1)} ${arrows[p]}`;
  const nodes = [element("div"), ...used.map(p => element("div", { class: `head ${p}` }, title(p)))];
  visibleRows().forEach((node, row) => {
    nodes.push(labelFor(node));
    if (node.isOpen && node.children.length) return;
    for (const part of used) nodes.push(cellFor(node, parts.indexOf(part), row));
  });
  graph.edges = shape("svg", { "aria-hidden": "true" });
  fill(graph.grid, graph.edges, nodes);
  drawEdges();
}

function operationButton(i) {
  if (i < 0) {
    const p = view.parameters[-1 - i];
    return element("span", { class: "chip mono", title: `${p.role} ${p.type}` }, `%${p.name}`);
  }
  const { op, type } = view.operations[i];
  return element("button", { class: "chip mono", onclick: () => chooseOperation(i) }, `${op} ${type}`);
}

function chooseOperation(i) {
  const o = view.operations[i];
  graph.chosen = i;
  const holder = graph.cells.get(i);
  if (holder && !graph.expanded.has(holder.key)) graph.expanded.add(holder.key);
  drawGraph();
  fill(graph.detail, element("h2", { class: "mono" }, o.op),
    element("div", {}, badges([o.part]), element("span", { class: "soft" }, `${layerName(o.layer)}${o.line ? `, ${o.line}` : ""}`)),
    element("pre", {}, o.text), element("h2", {}, "Reads"),
    element("div", { class: "links" }, o.reads.length ? o.reads.map(operationButton) : "nothing"),
    element("h2", {}, "Read by"),
    element("div", { class: "links" }, graph.readers[i].length ? graph.readers[i].map(operationButton) : "the caller, or nothing"));
  graph.grid.querySelector(`[data-operation="${i}"]`)?.scrollIntoView({ block: "nearest" });
}

function showGraph(panel) {
  fill(graph.detail, element("h2", {}, "A training step"), element("p", { class: "soft" },
    "Forward runs down, backward up, and the optimizer updates each layer's variables. Open a cell to see its operations; choose one to "
    + "see what it reads and who reads it. Bars are the part ", weightName, " that kernels with work of the cell take."),
  element("h2", {}, "Given and kept"), element("div", { class: "links" }, view.parameters.slice(0, 200).map(p =>
    element("span", { class: "chip mono", title: p.role }, `${p.name} ${p.type}`))));
  fill(panel, element("div", { class: "split" }, element("div", { class: "scroll" }, graph.grid), graph.detail));
  drawGraph();
  new ResizeObserver(drawEdges).observe(graph.grid);
}
