/* The lab's cards in JupyterLab's launcher. Written as JupyterLab loads it: no build step.
   The addresses come from the page's configuration (labkit/jupyter/server_config.py). */

const CATEGORY = "Laboratoire";
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
  try {
    await fetch(url, { mode: "no-cors" });
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

function plugin(modules) {
  const { launcher, apputils, coreutils, ui, widgets } = modules;
  return {
    id: "lab-cards:plugin",
    description: "The cards of the lab in the launcher.",
    autoStart: true,
    requires: [launcher.ILauncher],
    activate: (app, menu) => {
      document.head.appendChild(document.createElement("style")).textContent = FIRST;
      const icons = Object.fromEntries(
        CARDS.map(({ id, icon }) => [id, new ui.LabIcon({ name: `lab-cards:${id}`, svgstr: drawing(icon) })])
      );
      const address = (option) => coreutils.PageConfig.getOption(option);
      const lab = { app, apputils, widgets, icons, address };
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
};

window._JUPYTERLAB = window._JUPYTERLAB ?? {};
window._JUPYTERLAB["lab-cards"] = {
  init(scope) {
    this.scope = scope;
  },
  async get() {
    const load = async ([name, module]) => [name, (await Object.values(this.scope[module])[0].get())()];
    const modules = Object.fromEntries(await Promise.all(Object.entries(SHARED).map(load)));
    return () => ({ __esModule: true, default: plugin(modules) });
  },
};
