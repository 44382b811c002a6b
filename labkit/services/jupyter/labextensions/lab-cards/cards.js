/* The lab's cards in JupyterLab's launcher; scripts that open beside the notebook, at the line to write; slides as
   large as the screen; what exercises.js and lessons.js add to the notebooks. Written as JupyterLab loads it: no build step.
   The addresses come from the page's configuration (labkit/services/jupyter/server_config.py). */

const CATEGORY = "Laboratoire";
const HERE = document.currentScript.src;
// JupyterLab lists a category of its own making last, under the fold of a projector.
const FIRST = `.jp-Launcher-content { display: flex; flex-direction: column; }
  .jp-Launcher-section { width: 100%; }
  .jp-Launcher-cwd { order: -2; }
  .jp-Launcher-section:has([data-category="${CATEGORY}"]) { order: -1; }
  .jp-LauncherCard[data-category="${CATEGORY}"] { width: calc(9.5 * var(--jp-ui-font-size1)); }`;

const drawing = (content) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="6" fill="#16324f"/>
   <g fill="none" stroke="#fff" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round">${content}</g></svg>`;

const CARDS = [
  {
    id: "n8n",
    label: "n8n",
    caption: "L'éditeur de workflows, dans un nouvel onglet du navigateur",
    icon: '<path d="M11 16h4l5-6h2M15 16l5 6h2"/><g fill="#f2b134" stroke="none"><circle cx="8" cy="16" r="3.4"/><circle cx="24" cy="10" r="3.4"/><circle cx="24" cy="22" r="3.4"/></g>',
    open: openN8n,
  },
  {
    id: "api",
    label: "API d'entraînement",
    caption: "Le pupitre de l'API : pannes, horloge, requêtes en direct",
    icon: '<path d="M9 7v18M16 7v18M23 7v18"/><g fill="#f2b134" stroke="none"><circle cx="9" cy="19" r="3.4"/><circle cx="16" cy="11" r="3.4"/><circle cx="23" cy="21" r="3.4"/></g>',
    open: (lab) => openFrame(lab, "api", "API d'entraînement", "labApiUrl"),
  },
  {
    id: "inbox",
    label: "Boîte de notifications",
    caption: "Ce que n8n a annoncé à l'équipe",
    icon: '<rect x="6" y="9" width="20" height="15" rx="2"/><path stroke="#f2b134" d="M7 11l9 7 9-7"/>',
    open: (lab) => openFrame(lab, "inbox", "Boîte de notifications", "labInboxUrl"),
  },
  {
    id: "logs",
    label: "Journaux",
    caption: "Ce que les scripts ont dit au dernier passage : lab logs, dans un terminal",
    icon: '<path d="M8 9h2M8 16h2M8 23h2"/><path stroke="#f2b134" d="M14 9h10M14 16h7M14 23h9"/>',
    open: openLogs,
  },
];

async function openN8n({ apputils, address }) {
  const url = address("labN8nUrl");
  // A hub starts it at this very click, in the tab.
  if (url.startsWith("/")) return void window.open(`${url}/`, "_blank", "noopener");
  try {
    // The editor's own page refuses to be read from another port; this one answers whoever asks.
    await fetch(`${url}/healthz`, { mode: "no-cors" });
  } catch {
    await apputils.showErrorMessage(
      "n8n ne répond pas",
      "Au premier démarrage, il s'installe (deux à cinq minutes) : le terminal de lab start dit où il en est."
    );
    return;
  }
  window.open(url, "_blank", "noopener");
}

/* One tab a page: a second click shows the one that is open. */
function openFrame({ app, widgets, icons, address }, id, title, option) {
  const tabId = `lab-${id}`;
  if (!document.getElementById(tabId)) {
    const tab = new widgets.Widget({ node: document.createElement("iframe") });
    Object.assign(tab.node, { src: address(option), title });
    tab.node.style.border = "0";
    tab.id = tabId;
    Object.assign(tab.title, { label: title, icon: icons[id], closable: true });
    app.shell.add(tab, "main");
  }
  app.shell.activateById(tabId);
}

/* A terminal that has said the last run's log, and waits for the next command. */
async function openLogs({ app }) {
  const terminal = await app.commands.execute("terminal:create-new");
  terminal.content.session.send({ type: "stdin", content: ["lab logs\r"] });
}

/* The place to write in a script: the line named, or the first that is still to do. */
const TO_DO = /^\s*(# À vous|raise NotImplementedError)/;
// What JupyterLab makes of a link to a file of the lab.
const FILE = /\/files\/(.+\.py)$/;

/* A link to a script, in a text or under a check, opens it beside the notebook: both are read together. */
function openScriptsBeside(app) {
  const open = (event) => {
    const link = event.target.closest?.(".jp-Notebook a[href]");
    const path = link && FILE.exec(link.pathname)?.[1];
    if (!path) return;
    event.preventDefault();
    event.stopPropagation();
    openScript(app, decodeURIComponent(path), Number(/^#L(\d+)$/.exec(link.hash)?.[1] ?? 0));
  };
  document.addEventListener("click", open, { capture: true });
}

async function openScript(app, path, line) {
  const notebook = app.shell.currentWidget;
  const options = { mode: "split-right", ref: notebook?.id };
  const tab = await app.commands.execute("docmanager:open", { path, factory: "Editor", options });
  await tab.context.ready;
  const editor = tab.content.editor;
  const toDo = editor.model.sharedModel.getSource().split("\n").findIndex((text) => TO_DO.test(text));
  const position = { line: Math.max(0, line ? line - 1 : toDo), column: 0 };
  editor.setCursorPosition(position);
  editor.revealPosition(position);
}

/* A slide is drawn for 1280x720, then made as large as whatever screen it is on. */
function fillTheScreen() {
  const zoom = () => Math.min(innerWidth / 1280, innerHeight / 720);
  const apply = () => document.documentElement.style.setProperty("--lab-slide-zoom", zoom());
  addEventListener("resize", apply);
  apply();
}

function plugin(modules) {
  const { launcher, apputils, coreutils, ui, widgets, notebook, manager, exercises, lessons } = modules;
  return {
    id: "lab-cards:plugin",
    description: "What the lab adds to JupyterLab, and to the slides.",
    autoStart: true,
    optional: [launcher.ILauncher, notebook.INotebookTracker, manager.IDocumentManager],
    activate: (app, menu, notebooks, docManager) => {
      const eachNotebook = (act) => {
        notebooks.forEach(act);
        notebooks.widgetAdded.connect((_, panel) => act(panel));
      };
      eachNotebook((panel) => panel.context.ready.then(() => lessons.tickBoxes(panel)));
      // The slides have no launcher.
      if (!menu) {
        eachNotebook(lessons.notesByKey);
        return fillTheScreen();
      }
      openScriptsBeside(app);
      document.head.appendChild(document.createElement("style")).textContent = FIRST;
      const icons = Object.fromEntries(
        CARDS.map(({ id, icon }) => [id, new ui.LabIcon({ name: `lab-cards:${id}`, svgstr: drawing(icon) })])
      );
      const address = (option) => coreutils.PageConfig.getOption(option);
      const lab = { app, apputils, widgets, icons, address, notebook, notebooks, eachNotebook, docManager };
      exercises.helpExercises(lab);
      CARDS.forEach(({ id, label, caption, open }, rank) => {
        const command = `lab:open-${id}`;
        app.commands.addCommand(command, { label, caption, icon: icons[id], execute: () => open(lab) });
        menu.add({ command, category: CATEGORY, rank });
      });
    },
  };
}

/* JupyterLab's contract with an extension (module federation): what it shares comes in, what we add goes out. */
const SHARED = {
  launcher: "@jupyterlab/launcher",
  apputils: "@jupyterlab/apputils",
  coreutils: "@jupyterlab/coreutils",
  ui: "@jupyterlab/ui-components",
  widgets: "@lumino/widgets",
  notebook: "@jupyterlab/notebook",
  manager: "@jupyterlab/docmanager",
};

window._JUPYTERLAB = window._JUPYTERLAB ?? {};
window._JUPYTERLAB["lab-cards"] = {
  init(scope) {
    this.scope = scope;
  },
  async get() {
    const load = async ([name, module]) => [name, (await Object.values(this.scope[module])[0].get())()];
    const modules = Object.fromEntries(await Promise.all(Object.entries(SHARED).map(load)));
    for (const name of ["exercises", "lessons"]) modules[name] = await import(new URL(`${name}.js`, HERE));
    return () => ({ __esModule: true, default: plugin(modules) });
  },
};
