/* An exercise notebook in JupyterLab: buttons under a check, the check again when a script is saved, and a strip that
   says where one is. Python answers, in the notebook's own kernel (labkit/notebooks/exercises.py); the notebook's file
   holds nothing of them. */

import { ask, draw } from "./kernel.js";

const CHECK = /^check\("(\w+)\.(\d)"\)/m;
const STYLE = `.lab-help { margin: 4px 0 4px calc(var(--jp-cell-collapser-width) + var(--jp-cell-prompt-width)); }
  .lab-help button { font: inherit; padding: 3px 10px; margin-right: 6px; cursor: pointer; border-radius: 3px;
    color: var(--jp-ui-font-color1); background: var(--jp-layout-color1); border: 1px solid var(--jp-border-color0); }
  .lab-help button:hover { background: var(--jp-layout-color2); }
  .lab-help button:focus-visible { outline: 2px solid var(--jp-brand-color1); outline-offset: 1px; }
  .lab-help button[aria-disabled="true"] { color: var(--jp-ui-font-color2); cursor: progress; }
  .lab-note { color: var(--jp-ui-font-color1); font-style: italic; }
  .lab-strip { display: flex; flex-wrap: wrap; gap: 2px 18px; padding: 4px 12px; font-size: var(--jp-ui-font-size1);
    color: var(--jp-ui-font-color1); background: var(--jp-layout-color2); border-bottom: 1px solid var(--jp-border-color1); }
  .lab-said { overflow-x: auto; padding-top: 4px; }`;

const isIdle = ({ sessionContext }) => sessionContext.session?.kernel?.status === "idle";

/* Resolves when the kernel has nothing to do. */
function idle(panel) {
  const { sessionContext } = panel;
  return new Promise((resolve) => {
    const look = () => {
      if (!isIdle(panel)) return;
      sessionContext.statusChanged.disconnect(look);
      resolve();
    };
    sessionContext.statusChanged.connect(look);
    look();
  });
}

/* The check of each notebook that was run last, and the notebooks whose kernel is awaited to run it again. */
const lastChecks = new WeakMap();
const awaited = new WeakSet();

/* Run the last check again, its new output in the place of the old one: neither cursor nor view moves. */
async function checkAgain(panel) {
  if (!lastChecks.has(panel) || awaited.has(panel)) return;
  awaited.add(panel);
  await idle(panel);
  awaited.delete(panel);
  const { cell, call } = lastChecks.get(panel);
  if (cell.isDisposed) return;
  const [found] = await ask(panel, call);
  if (found?.output_type !== "execute_result") return;
  cell.model.outputs.fromJSON([{ ...found, execution_count: cell.model.executionCount }]);
  const time = new Date().toLocaleTimeString("fr-FR", { hour: "2-digit", minute: "2-digit" });
  cell.node.querySelector(".lab-note").textContent = `Vérifié à nouveau à ${time}.`;
  await tellProgress(panel);
}

/* The strip at the top of a practical: after each check, and each minute, as time is left in minutes. */
const MINUTE = 60_000;
const strips = new WeakMap();

async function addStrip({ widgets }, panel) {
  await panel.context.ready;
  if (!panel.context.path.startsWith("labs/")) return;
  await idle(panel);
  const strip = new widgets.Widget();
  const line = strip.node.appendChild(document.createElement("div"));
  Object.assign(line, { className: "lab-strip", role: "region", ariaLabel: "Votre avancement" });
  strips.set(panel, line);
  await tellProgress(panel);
  if (!line.innerHTML) return;
  panel.contentHeader.addWidget(strip);
  // JupyterLab gives the strip the height it asks for: that of its line, or two beside a script.
  new ResizeObserver(() => {
    strip.node.style.minHeight = `${line.offsetHeight}px`;
    panel.contentHeader.fit();
  }).observe(line);
  const clock = setInterval(() => isIdle(panel) && tellProgress(panel), MINUTE);
  panel.disposed.connect(() => clearInterval(clock));
}

async function tellProgress(panel) {
  if (!strips.has(panel)) return;
  const name = panel.context.path.split("/").pop();
  const [output] = await ask(panel, `strip(${JSON.stringify(name)})`);
  strips.get(panel).innerHTML = output?.data?.["text/html"] ?? "";
}

/* A script saved by the trainee, not by JupyterLab twice a minute, in the middle of a line. */
function checkWhatIsSaved({ app, notebooks, docManager }) {
  app.commands.commandExecuted.connect(async (_, { id, result }) => {
    if (id !== "docmanager:save") return;
    const saved = docManager.contextForWidget(app.shell.currentWidget);
    if (!/^labs\/[^/]+\.py$/.test(saved?.path)) return;
    await result;
    notebooks.forEach(checkAgain);
  });
}

/* The reference takes the place of the answers, once the trainee agrees; what is open is saved first, then read anew. */
async function catchUp(lab, panel, exercise, number, said) {
  const { apputils, docManager, app } = lab;
  const agreed = await apputils.showDialog({
    title: `Rattraper ${exercise}.${number} ?`,
    body: `La référence prend la place de vos réponses${number > 1 ? `, des étapes 1 à ${number}` : ""}. Vos fichiers d'aujourd'hui sont gardés dans labs/sauvegardes/.`,
    buttons: [
      apputils.Dialog.cancelButton({ label: "Annuler" }),
      apputils.Dialog.warnButton({ label: "Rattraper" }),
    ],
  });
  if (!agreed.button.accept) return;
  const open = [...app.shell.widgets("main")].map((tab) => docManager.contextForWidget(tab));
  const contexts = [...new Set(open)].filter((context) => context?.path.startsWith("labs/"));
  for (const context of contexts) if (context.model.dirty) await context.save();
  await draw(panel, await ask(panel, `catch_up("${exercise}.${number}")`), said);
  for (const context of contexts) {
    const now = await app.serviceManager.contents.get(context.path, { content: false });
    if (now.last_modified !== context.contentsModel.last_modified) await context.revert();
  }
  await checkAgain(panel);
}

/* The three buttons under a cell that checks a step, and the place of what they say. */
async function offerHelp(lab, panel, cell) {
  const found = CHECK.exec(cell.model.sharedModel.getSource());
  if (!found) return;
  lastChecks.set(panel, { cell, call: found[0] });
  tellProgress(panel);
  const note = cell.node.querySelector(".lab-note");
  if (note) return note.replaceChildren();
  const [exercise, number] = [found[1], Number(found[2])];
  await cell.ready;
  const said = made("div", "lab-said");
  const show = (name) => async () => {
    await draw(panel, await ask(panel, `${name}("${exercise}.${number}")`), said);
    said.scrollIntoView({ block: "nearest" });
  };
  const help = new lab.widgets.Widget();
  help.addClass("lab-help");
  help.node.append(
    button("Indice suivant", show("hint")),
    button("Différence avec la référence", show("diff")),
    button("Rattraper cette étape", () => catchUp(lab, panel, exercise, number, said)),
    made("span", "lab-note"),
    said
  );
  cell.layout.addWidget(help);
}

/* A place where something is told as it comes, to who listens too. */
function made(tag, name) {
  const place = document.createElement(tag);
  place.className = name;
  place.role = "status";
  return place;
}

function button(label, act) {
  const one = document.createElement("button");
  one.textContent = label;
  one.onclick = async () => {
    if (one.ariaDisabled) return;
    // Not `disabled`, which would take the focus away from whoever works by keyboard.
    one.ariaDisabled = "true";
    await act().finally(() => (one.ariaDisabled = null));
  };
  return one;
}

export function helpExercises(lab) {
  document.head.appendChild(document.createElement("style")).textContent = STYLE;
  checkWhatIsSaved(lab);
  lab.eachNotebook((panel) => addStrip(lab, panel));
  const { NotebookActions } = lab.notebook;
  NotebookActions.executed.connect((_, { notebook, cell, success }) => {
    const panel = lab.notebooks.find((one) => one.content === notebook);
    if (success && cell.model.type === "code") offerHelp(lab, panel, cell);
  });
}
