function edgePairs() {
  const pairs = new Map();
  view.operations.forEach((o, i) => {
    const to = graph.cells.get(i);
    for (const r of o.reads) {
      const from = r >= 0 ? graph.cells.get(r) : undefined;
      if (!from || !to || from.key === to.key || view.operations[r].op === "constant") continue;
      pairs.set(`${from.key}>${to.key}`, { from, to });
    }
  });
  return [...pairs.values()];
}

function edgePath(from, to, isSameColumn, isAdjacent) {
  const middle = box => box.left + box.width / 2;
  if (!isSameColumn) {
    const isRight = to.left > from.left;
    const [x1, x2] = isRight ? [from.right, to.left - 5] : [from.left, to.right + 5];
    const [y1, y2] = [from.top + Math.min(22, from.height / 2), to.top + Math.min(26, to.height / 2)];
    const bend = (x2 - x1) / 2;
    return `M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`;
  }
  const isDown = to.top > from.top;
  const [y1, y2] = isDown ? [from.bottom, to.top - 5] : [from.top, to.bottom + 5];
  if (isAdjacent) return `M${middle(from)},${y1} L${middle(to)},${y2}`;
  // Around the cells between, at the left.
  const [a, b] = [from.top + from.height / 2, to.top + to.height / 2];
  const out = Math.min(34, 12 + Math.abs(b - a) / 30);
  return `M${from.left},${a} C${from.left - out},${a} ${to.left - out},${b} ${to.left - 4},${b}`;
}

function drawEdges() {
  if (!graph.edges || !graph.grid.isConnected) return;
  const origin = graph.grid.getBoundingClientRect();
  const boxOf = cell => {
    const r = cell.getBoundingClientRect();
    return { left: r.left - origin.left, right: r.right - origin.left, top: r.top - origin.top, bottom: r.bottom - origin.top,
      width: r.width, height: r.height };
  };
  const rowsOf = part => [...new Set([...graph.cells.values()].filter(c => c.part === part).map(c => c.row))].sort((a, b) => a - b);
  const rows = parts.map((_, p) => rowsOf(p));
  const defs = shape("defs");
  for (const part of parts) {
    const marker = shape("marker", { id: `arrow-${part}`, viewBox: "0 0 8 8", refX: 5, refY: 4, markerWidth: 7, markerHeight: 7,
      orient: "auto-start-reverse", markerUnits: "userSpaceOnUse", class: part });
    marker.append(shape("path", { d: "M0,0 L8,4 L0,8 z", class: "arrow" }));
    defs.append(marker);
  }
  const paths = edgePairs().map(({ from, to }) => {
    const isSame = from.part === to.part;
    const isAdjacent = isSame && Math.abs(rows[to.part].indexOf(to.row) - rows[to.part].indexOf(from.row)) === 1;
    const part = parts[to.part];
    const path = shape("path", { class: `edge ${part}`, d: edgePath(boxOf(from.cell), boxOf(to.cell), isSame, isAdjacent),
      "marker-end": `url(#arrow-${part})` });
    [path.dataset.from, path.dataset.to] = [from.key, to.key];
    return path;
  });
  fill(graph.edges, defs, paths);
}

function lightEdges(key) {
  graph.grid.classList.toggle("focus", key !== null);
  for (const path of graph.edges.querySelectorAll(".edge"))
    path.classList.toggle("on", key !== null && (path.dataset.from === key || path.dataset.to === key));
}
