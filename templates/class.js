// The page of a class: find groups, hide their names, open what a link leads to.
(() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const form = document.querySelector("form.tools");

  const openTarget = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const details = target?.closest("details");
    if (details && !details.open) {
      details.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", openTarget);
  openTarget();
  if (!form) return;

  const find = form.querySelector("#find");
  const which = form.querySelector("#which");
  const hide = form.querySelector("#hide");
  const shown = form.querySelector("#shown");
  const rows = all("[data-row]");
  const ranked = all("table.groups [data-row]");
  const names = all(".name").map((element) => ({ element, name: element.textContent }));
  const named = new Map();
  for (const row of rows) {
    if (named.has(row.dataset.row)) continue;
    named.set(row.dataset.row, {
      name: all(".name, .members", row).map((part) => part.textContent).join(" ").toLowerCase(),
      alias: row.querySelector(".name").dataset.alias.toLowerCase(),
    });
  }
  const filter = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const text = hide.checked ? "alias" : "name";
    const matches = (row) => {
      const known = named.get(row.dataset.row)?.[text] ?? "";
      return words.every((word) => known.includes(word))
        && (!which.value || row.dataset.tags.split(" ").includes(which.value));
    };
    for (const row of rows) row.hidden = !matches(row);
    const count = ranked.filter((row) => !row.hidden).length;
    shown.textContent = count === ranked.length ? "" : `${count} of ${ranked.length} groups`;
  };
  find.addEventListener("input", filter);
  which.addEventListener("change", filter);
  form.addEventListener("submit", (event) => event.preventDefault());

  // A link's address names the group too: while names are hidden it leads nowhere.
  const conceal = () => {
    document.body.classList.toggle("anonymous", hide.checked);
    for (const part of names) {
      part.element.textContent = hide.checked ? part.element.dataset.alias : part.name;
    }
    for (const link of all("a.report")) {
      if (hide.checked) {
        link.dataset.href = link.getAttribute("href");
        link.removeAttribute("href");
      } else if (link.dataset.href) {
        link.setAttribute("href", link.dataset.href);
        delete link.dataset.href;
      }
    }
    filter();
  };
  hide.addEventListener("change", conceal);
  // A page that is loaded again may come with the box ticked.
  conceal();
  form.hidden = false;
})();
