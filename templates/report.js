"use strict";
// Comfort only: without this script everything is there and can be read.
(() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const status = document.querySelector(".said");
  const KEY = "mlops-grade-colours";

  // Colours. A file opened from disk may have no storage: the choice then lasts for the page.
  const remembered = (() => {
    try { return localStorage; } catch { return null; }
  })();
  const select = document.querySelector(".theme select");
  const show = (theme) => {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  };
  const saved = remembered?.getItem(KEY) ?? "";
  select.value = ["light", "dark"].includes(saved) ? saved : "";
  show(select.value);
  select.addEventListener("change", () => {
    show(select.value);
    remembered?.setItem(KEY, select.value);
  });
  select.closest("label").hidden = false;

  // Tables that sort by a column: a button in its header, so that the keyboard reaches it.
  const collator = new Intl.Collator("en");
  const compare = (left, right) => {
    // What has no value (not graded) stays last in both directions.
    if (left === "" || right === "") return { last: (left === "") - (right === "") };
    const numbers = [Number(left), Number(right)];
    if (numbers.every(Number.isFinite)) return { order: numbers[0] - numbers[1] };
    return { order: collator.compare(left, right) };
  };
  for (const table of all("table.sortable")) {
    const body = table.tBodies[0];
    const headers = all("th[aria-sort]", table.tHead);
    for (const header of headers) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = header.textContent;
      header.replaceChildren(button);
      button.addEventListener("click", () => {
        const up = header.getAttribute("aria-sort") !== "ascending";
        for (const other of headers) other.setAttribute("aria-sort", "none");
        header.setAttribute("aria-sort", up ? "ascending" : "descending");
        const column = header.cellIndex;
        const rows = [...body.rows].map((row) => ({ row, value: row.cells[column].dataset.sort }));
        rows.sort((a, b) => {
          const { last, order } = compare(a.value, b.value);
          return last ?? (up ? order : -order);
        });
        body.append(...rows.map(({ row }) => row));
        status.textContent = `Sorted by ${button.textContent}, ${up ? "ascending" : "descending"}`;
      });
    }
  }

  // Commands to copy; where the clipboard is refused the text is selected instead.
  for (const button of all("button.copy")) {
    const code = button.parentElement.querySelector("code");
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
        status.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code);
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
  }

  // Paper can't be clicked: everything opens for it, and closes again after.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all("details:not([open])");
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
  });
})();
