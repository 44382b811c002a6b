// The inbox's page: each notification as it comes, the newest first. What a message holds is shown as text, always.

import { act, element, follow, showCount } from "./live.js";
import { day, number as grouped, plural, timeOfDay } from "./words.js";

const FACTS = {
  lignes: "Lignes",
  lignes_validées: "Lignes validées",
  quarantaine: "En quarantaine",
  workflow: "Workflow",
  nœud: "Nœud",
  code: "Code",
};
const LEVELS = { erreur: "error", avertissement: "warning" };
const KNOWN = new Set(["niveau", "titre", "message", "compte_rendu", "exécution", "extrait", ...Object.keys(FACTS)]);

const at = (id) => document.getElementById(id);
let jupyter = "";

follow({
  start(content) {
    jupyter = content.jupyter;
    at("messages").replaceChildren();
  },
  state(state) {
    for (const item of [...at("messages").children]) {
      if (Number(item.dataset.number) < state.oldest_message) item.remove();
    }
    at("received").textContent = state.messages ? plural(state.messages, "notification") : "Aucune notification";
    at("no-message").hidden = state.messages > 0;
    at("clear").disabled = !state.messages;
    at("api-clock").textContent = `L'horloge de l'API est au ${day(state.now, { year: "numeric" })}, ${state.now.slice(11, 16)} UTC.`;
    showCount(state);
  },
  message({ number, at: received, fields }) {
    const last = at("messages").firstElementChild;
    const same = JSON.stringify([fields.niveau, fields.titre, fields.message, fields.code, fields.workflow]);
    if (last?.dataset.same === same) return repeat(last, number, received);
    if (fields.niveau === "info") sayResolved(fields.workflow, number, received);
    const item = element("li", "", messageCard(number, received, fields));
    Object.assign(item.dataset, { number, same, first: number, workflow: fields.workflow ?? "" });
    at("messages").prepend(item);
  },
});

at("clear").addEventListener("click", () => act("clear-outcome", "DELETE", "inbox"));

/** The same announcement again: one card, which says how many times. */
function repeat(item, number, received) {
  item.dataset.number = number;
  const times = number - Number(item.dataset.first) + 1;
  item.querySelector("header small").textContent =
    `${times} fois, n° ${item.dataset.first} à ${number}, la dernière à ${timeOfDay(received)}`;
}

/** What a workflow announced in error is over once it announces that it went well. */
function sayResolved(workflow, number, received) {
  if (!workflow) return;
  for (const item of at("messages").children) {
    const card = item.querySelector(".message.error:not(.resolved)");
    if (!card || item.dataset.workflow !== workflow) continue;
    card.classList.add("resolved");
    card.append(element("p", "outcome", `Résolu : n° ${number}, à ${timeOfDay(received)}.`));
  }
}

function messageCard(number, received, fields) {
  const card = element("article", `message ${LEVELS[fields.niveau] ?? ""}`);
  const heading = element("h2", "", fields.titre ?? "Sans titre");
  const level = element("span", "level", fields.niveau ?? "sans niveau");
  card.append(element("header", "", level, heading, element("small", "", `n° ${number}, à ${timeOfDay(received)}`)));
  if (fields.message) card.append(element("p", "", fields.message));
  card.append(...facts(fields), ...excerpt(fields), ...links(fields), ...otherFields(fields));
  return card;
}

function facts(fields) {
  const known = Object.entries(FACTS).filter(([name]) => name in fields);
  if (!known.length) return [];
  return [
    element(
      "dl",
      "",
      ...known.map(([name, label]) =>
        element("div", "", element("dt", "", label), element("dd", "", withThousands(fields[name]))),
      ),
    ),
  ];
}

function withThousands(text) {
  return /^\d{1,15}$/.test(text) ? grouped(Number(text)) : text;
}

function excerpt(fields) {
  if (!fields.extrait) return [];
  const block = element("pre", "", fields.extrait);
  block.tabIndex = 0;
  block.setAttribute("role", "region");
  block.setAttribute("aria-label", "Extrait du journal");
  return [block];
}

function links(fields) {
  const made = [
    link("Voir le passage", runAddress(fields.compte_rendu ?? "")),
    link("Ouvrir le compte rendu", reportAddress(fields.compte_rendu ?? "")),
    link("Ouvrir l'exécution", webAddress(fields.exécution ?? "")),
  ].filter(Boolean);
  return made.length ? [element("p", "links", ...made)] : [];
}

function link(text, address) {
  if (!address) return null;
  const made = element("a", "", text);
  made.href = address;
  made.target = "_blank";
  made.rel = "noopener noreferrer";
  return made;
}

/** The run's own page, which asks for no token: the report's name begins with the run's. */
function runAddress(value) {
  const run = /^data\/runs\/(\d{8}T\d{6}-[0-9a-f]{6})_[^/]+$/.exec(value);
  return run && `passages/${run[1]}`;
}

/** The executed notebook, in JupyterLab: its path is relative to the lab, and stays inside. */
function reportAddress(value) {
  const parts = value.split("/");
  if (!value || parts.includes("..") || !/^[\p{L}\p{N}_][^:\\]*$/u.test(value)) return webAddress(value);
  return `${jupyter}/lab/tree/${parts.map(encodeURIComponent).join("/")}`;
}

function webAddress(value) {
  return /^https?:\/\//i.test(value) && URL.canParse(value) ? value : null;
}

function otherFields(fields) {
  const others = Object.entries(fields).filter(([name]) => !KNOWN.has(name));
  if (!others.length) return [];
  const rows = others.map(([name, value]) => {
    const heading = element("th", "", name);
    heading.scope = "row";
    return element("tr", "", heading, element("td", "", value));
  });
  return [element("table", "", element("caption", "", "Autres champs"), element("tbody", "", ...rows))];
}
