/* A lesson, in the notebook or projected: boxes that can be ticked, and the instructor's notes in a second window. */

import { ask, draw } from "./kernel.js";

const BOX = "☐";

/* Each « ☐ » that begins an item becomes a box; what is ticked stays in this browser, the notebook as it was. */
export function tickBoxes(panel) {
  for (const cell of panel.content.widgets) {
    if (!cell.model.sharedModel.getSource().includes(BOX)) continue;
    const makeBoxes = () => cell.node.querySelectorAll(".jp-RenderedMarkdown li").forEach(makeBox);
    new MutationObserver(makeBoxes).observe(cell.node, { childList: true, subtree: true });
    makeBoxes();
  }
}

function makeBox(item) {
  const text = item.firstChild;
  if (text.nodeType !== Node.TEXT_NODE || !text.data.startsWith(BOX)) return;
  text.data = text.data.slice(BOX.length);
  const [key, label, box] = [`lab-box:${item.textContent.trim()}`, document.createElement("label"), document.createElement("input")];
  box.type = "checkbox";
  box.checked = localStorage.getItem(key) !== null;
  box.onchange = () => (box.checked ? localStorage.setItem(key, "") : localStorage.removeItem(key));
  label.append(box, ...item.childNodes);
  item.style.listStyle = "none";
  item.replaceChildren(label);
}

const NOTES_KEY = "m";
const NOTES = `:root { color-scheme: light dark; }
  body { font: 18px/1.45 sans-serif; margin: 0 24px 24px; }
  header { position: sticky; top: 0; padding: 12px 0; background: Canvas; border-bottom: 1px solid GrayText; }
  h1 { font-size: 22px; margin: 0; }
  #clock { font-size: 30px; font-variant-numeric: tabular-nums; }
  table { font: inherit; border-collapse: collapse; } th, td { padding: 4px 10px; text-align: left; vertical-align: top; }
  tr[aria-current] { background: light-dark(#fff0b8, #4d3f00); }`;

/* M, while slides are shown, opens the guide's words on this lesson. */
export function notesByKey(panel) {
  const open = (event) => {
    const typing = event.target.closest?.("input, textarea, [contenteditable='true']");
    if (event.key.toLowerCase() !== NOTES_KEY || event.ctrlKey || event.altKey || event.metaKey || typing) return;
    event.preventDefault();
    event.stopPropagation();
    openNotes(panel);
  };
  document.addEventListener("keydown", open, { capture: true });
}

async function openNotes(panel) {
  const name = panel.context.path.replace(/^notebooks\//, "").replace(/\.ipynb$/, "");
  const notes = window.open("", `lab-notes-${name}`, "popup,width=860,height=700");
  notes.focus();
  if (notes.document.title) return;
  notes.document.title = "Vos notes";
  notes.document.documentElement.lang = "fr";
  notes.document.head.appendChild(notes.document.createElement("style")).textContent = NOTES;
  notes.document.body.innerHTML = "<header><h1></h1><div id='clock' role='timer'></div></header><main></main>";
  const [title, clock, main] = ["h1", "#clock", "main"].map((one) => notes.document.querySelector(one));
  await panel.sessionContext.ready;
  const [answer] = await ask(panel, `guide(${JSON.stringify(name)})`);
  const { "application/json": block, ...said } = answer.data;
  await draw(panel, [{ data: said }], main);
  title.textContent = block?.title ?? "Vos notes";
  if (!block?.minutes) return;
  const begun = Date.now();
  const tell = () => tellTime(clock, main, block, Math.floor((Date.now() - begun) / 1000));
  tell();
  notes.setInterval(tell, 1000);
}

/* The time spent and planned; in the guide's table, the row of this minute. */
function tellTime(clock, main, { minutes, ends }, seconds) {
  const spent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  const now = new Date().toLocaleTimeString("fr-FR", { hour: "2-digit", minute: "2-digit" });
  clock.textContent = `${spent} sur ${minutes} min · il est ${now}, fin prévue à ${ends}`;
  const rows = [...main.querySelectorAll("tbody tr")].filter((row) => /^\d+$/.test(row.cells[0].textContent.trim()));
  const current = rows.findLast((row) => Number(row.cells[0].textContent) <= seconds / 60);
  rows.forEach((row) => (row.ariaCurrent = row === current ? "step" : null));
}
