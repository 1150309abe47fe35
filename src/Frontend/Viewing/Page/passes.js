// The function after each pass.
const passes = { texts: [], buttons: [] };
view.passes.forEach((p, i) => passes.texts.push(p.text ?? passes.texts[i - 1]));

// Numbers shift with each line that goes or comes: without them a line is new or known.
const unnumbered = line => line.replace(/%\d+/g, "%").replace(/\s*\/\/.*$/, "");

function newLines(i) {
  if (i === 0 || passes.texts[i] === passes.texts[i - 1]) return () => false;
  const known = new Map();
  for (const line of passes.texts[i - 1].split("\n").map(unnumbered)) known.set(line, (known.get(line) ?? 0) + 1);
  return line => {
    const left = known.get(unnumbered(line)) ?? 0;
    if (left > 0) known.set(unnumbered(line), left - 1);
    return left === 0;
  };
}

function codeLine(line, isNew) {
  const row = element("span", { class: `row${isNew ? " new" : ""}` });
  const comment = line.indexOf(" // ");
  const code = comment < 0 ? line : line.slice(0, comment);
  let end = 0;
  for (const found of code.matchAll(/(= )([a-z_0-9]+)|\b(?:f32|f64|bf16|i32|i64|u8|u32|u64|bool)\[[^\]]*\]/g)) {
    row.append(code.slice(end, found.index));
    row.append(...found[2] ? ["= ", element("b", {}, found[2])] : [element("u", {}, found[0])]);
    end = found.index + found[0].length;
  }
  row.append(code.slice(end));
  if (comment >= 0) row.append(element("em", {}, line.slice(comment)));
  return row;
}

function choosePass(i) {
  passes.buttons.forEach((b, j) => b.setAttribute("aria-current", String(i === j)));
  const isNew = newLines(i);
  const lines = passes.texts[i].trimEnd().split("\n");
  const marked = lines.map(line => codeLine(line, isNew(line)));
  const changed = marked.filter(l => l.classList.contains("new")).length;
  passes.title.textContent = `${view.passes[i].name}: `
    + (i === 0 ? `before any pass, ${lines.length} lines` : changed ? `${changed} of ${lines.length} lines are new` : "no line is new");
  fill(passes.code, marked);
  passes.code.scrollTop = 0;
}

function showPasses(panel) {
  passes.title = element("h2", { id: "pass-title" });
  passes.code = element("pre", { class: "code", tabindex: 0, "aria-labelledby": "pass-title" });
  passes.buttons = view.passes.map((p, i) => element("button", { "data-pass": p.name, onclick: () => choosePass(i) },
    element("span", { class: "mono" }, p.name),
    element("span", { class: "soft" }, `${p.operations} ops${i ? `, ${p.milliseconds.toFixed(1)} ms` : ""}`)));
  fill(panel, element("p", { class: "note" }, "The function after each pass. Lines that the pass made are marked."),
    element("div", { class: "passes" }, element("ol", { class: "panel list" }, passes.buttons.map(b => element("li", {}, b))),
      element("div", { class: "panel" }, passes.title, passes.code)));
  choosePass(view.passes.length - 1);
}
