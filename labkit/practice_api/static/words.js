// The page's French: faults, answers, numbers, dates.

const NARROW = "\u202f";

export const FAULTS = [
  { label: "429", hint: "en secondes", fault: { kind: "429", retry_after_form: "seconds" } },
  { label: "429", hint: "en date", fault: { kind: "429", retry_after_form: "date" } },
  { label: "503", hint: "indisponible", fault: { kind: "503" } },
  { label: "500", hint: "erreur interne", fault: { kind: "500" } },
  { label: "401", hint: "non autorisé", fault: { kind: "401" } },
  { label: "404", hint: "introuvable", fault: { kind: "404" } },
  { label: "Coupée", hint: "interrompue", fault: { kind: "cut_body" } },
  { label: "JSON", hint: "invalide", fault: { kind: "invalid_json" } },
  { label: "HTML", hint: "pas du JSON", fault: { kind: "html" } },
  { label: "Lente", hint: "en retard", fault: { kind: "slow" } },
  { label: "Schéma", hint: "changé", fault: { kind: "changed_schema" } },
  { label: "Liste", hint: "nue", fault: { kind: "list" } },
  { label: "Vide", hint: "sans ligne", fault: { kind: "empty_page" } },
  { label: "302", hint: "redirection", fault: { kind: "redirect" } },
];

// The demonstrations of the instructor's guide: from a reset, one button puts what each needs in place.
export const SCENES = [
  { time: "08:45", hint: "429, et ce que l'API demande d'attendre", fault: { kind: "429", next: 1, retry_after: 3 } },
  { time: "10:30", hint: "404 : personne n'est prévenu", fault: { kind: "404", rate: 1 } },
  { time: "13:30", hint: "503, deux fois", fault: { kind: "503", next: 2 } },
  { time: "16:45", hint: "503, une fois sur dix", fault: { kind: "503", rate: 0.1 } },
];

// What the kinds that are not a status bear as a name.
const FAULT_NAMES = {
  cut_body: "corps coupé",
  invalid_json: "JSON invalide",
  html: "page HTML",
  slow: "lente",
  changed_schema: "schéma changé",
  list: "liste nue",
  empty_page: "page vide",
};

const STATUSES = {
  200: "OK",
  302: "redirection",
  401: "non autorisé",
  404: "introuvable",
  405: "méthode refusée",
  422: "paramètre refusé",
  429: "trop de requêtes",
  500: "erreur interne",
  503: "indisponible",
};

/** What came back, in words: what was planted in the body if anything was, what the status means if not. */
export function answerName(status, fault) {
  return FAULT_NAMES[fault] ?? STATUSES[status] ?? "";
}

/** A fault in place: what it is, how long it lasts, and its settings. */
export function faultInWords(fault) {
  const parts = [FAULT_NAMES[fault.kind] ?? fault.kind.replace("redirect", "302")];
  if (fault.next) parts.push(`encore ${requests(fault.next)}`);
  if (fault.rate) parts.push(`${number(fault.rate * 100)}${NARROW}% des requêtes`);
  if (fault.retry_after !== null) {
    const form = fault.retry_after_form === "date" ? ", en date" : "";
    parts.push(`Retry\u2011After ${seconds(fault.retry_after)}${form}`);
  }
  if (fault.kind === "slow") parts.push(seconds(fault.delay_s));
  if (fault.path !== "/api") parts.push(`sous ${fault.path}`);
  return parts.join(" · ");
}

export function requests(count) {
  return plural(count, "requête");
}

export function newRequests(count) {
  return count > 1 ? `${number(count)} nouvelles requêtes` : "1 nouvelle requête";
}

export function plural(count, noun) {
  return `${number(count)} ${noun}${count > 1 ? "s" : ""}`;
}

export function number(value) {
  return value.toLocaleString("fr-FR", { maximumFractionDigits: 1 });
}

export function seconds(value) {
  return `${number(value)} s`;
}

export function milliseconds(value) {
  return value < 1000 ? `${Math.max(1, Math.round(value))} ms` : seconds(value / 1000);
}

/** A day of the API's calendar, which is UTC. */
export function day(iso, options = {}) {
  const shown = { day: "numeric", month: "long", timeZone: "UTC", ...options };
  return new Date(iso).toLocaleDateString("fr-FR", shown).replace(/^1 /, "1er ");
}

export function weekday(iso) {
  return new Date(iso).toLocaleDateString("fr-FR", { weekday: "long", timeZone: "UTC" });
}

export function timeOfDay(epochSeconds) {
  return new Date(epochSeconds * 1000).toLocaleTimeString("fr-FR");
}
