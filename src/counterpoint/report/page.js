"use strict";
// The heads of a table's columns become buttons. Pressed once they sort it, the largest numbers or the first words on
// top; pressed again, the other way round; a third time, as it was. What has no value stays below.
(() => {
  const words = new Intl.Collator(undefined, { numeric: true });

  const read = (row, column) => {
    const cell = row.cells[column];
    const text = cell.textContent.trim();
    const value = cell.dataset.v ?? text;
    if (text === "" || text === "\u2013") return { kind: 2 };
    return value !== "" && isFinite(value) ? { kind: 0, value: Number(value) } : { kind: 1, value: text };
  };

  const compare = (a, b) => (a.kind === 0 ? a.value - b.value : a.kind === 1 ? words.compare(a.value, b.value) : 0);

  const sort = (table, given, heads, column) => {
    const body = table.tBodies[0];
    const keys = new Map(given.map((row) => [row, read(row, column)]));
    const numbers = given.some((row) => keys.get(row).kind === 0);
    const order = numbers ? ["descending", "ascending", null] : ["ascending", "descending", null];
    const next = order[(order.indexOf(heads[column].getAttribute("aria-sort")) + 1) % 3];
    const sign = next === "descending" ? -1 : 1;
    const rows = [...given];
    if (next) {
      rows.sort((one, other) => {
        const [a, b] = [keys.get(one), keys.get(other)];
        return a.kind - b.kind || sign * compare(a, b);
      });
    }
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    if (next) heads[column].setAttribute("aria-sort", next);
    body.append(...rows);
  };

  for (const table of document.querySelectorAll("table")) {
    const given = [...table.tBodies[0].rows];
    if (given.length < 2) continue;
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sort(table, given, heads, column));
    });
  }
})();
