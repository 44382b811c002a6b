// The right column: each request as it is answered and, below a failed one, the wait before it is tried again.

import { element } from "./live.js";
import { answerName, milliseconds, newRequests, number, requests, seconds, timeOfDay } from "./words.js";

const SHOWN = 200;
const GIVEN_UP_S = 15;
const SHORTEST_SCALE_S = 4;
const SPOKEN_EVERY_MS = 5000;
const POSITIONS = {
  cursor: (value) => `curseur …${value.slice(-5)}`,
  page: (value) => `page ${value}`,
  _page: (value) => `page ${value}`,
  offset: (value) => `à partir de ${value}`,
  _start: (value) => `à partir de ${value}`,
  after_id: (value) => `après l'id ${value}`,
};

const at = (id) => document.getElementById(id);
const scroller = at("scroll");
let arrived = [];
let waits = new Map();
// The list follows the newest request, until somebody scrolls up to read.
let follows = true;
let unseen = 0;

scroller.addEventListener("scroll", () => {
  follows = scroller.scrollTop + scroller.clientHeight >= scroller.scrollHeight - 4;
  if (follows) sayUnseen(0);
});
// What is above the list grows when faults are planted: the list shrinks, and still ends on the newest.
new ResizeObserver(() => follows && showNewest()).observe(scroller);
at("newest").addEventListener("click", showNewest);

function showNewest() {
  follows = true;
  scroller.scrollTop = scroller.scrollHeight;
  sayUnseen(0);
}

function sayUnseen(count) {
  unseen = count;
  at("newest").hidden = !unseen;
  at("newest").textContent = `↓ ${newRequests(unseen)}`;
}

export function forgetRequests() {
  arrived = [];
  waits = new Map();
  at("requests").replaceChildren();
  at("no-request").hidden = false;
  showNewest();
  setScale();
}

/** A request just answered. Several may come before the next frame: they are drawn together. */
export function addRequest(request) {
  if (!arrived.length) requestAnimationFrame(drawArrived);
  arrived.push(request);
}

function drawArrived() {
  if (!arrived.length) return;
  const came = arrived.length;
  for (const request of arrived.slice(-SHOWN)) {
    if (request.retry_of) endWait(request);
    at("requests").append(requestRow(request));
    if (request.transient) startWait(request);
  }
  arrived = [];
  forgetOldest();
  growWaits();
  at("no-request").hidden = true;
  if (follows) showNewest();
  else sayUnseen(unseen + came);
}

function requestRow(request) {
  const { position, days } = readQuery(request.query);
  const attempt = request.attempt > 1 ? element("em", "", `essai ${request.attempt}`) : "";
  const answer = element("b", "", String(request.status));
  const row = element(
    "tr",
    kindOf(request),
    element("td", "time", timeOfDay(request.at)),
    element("td", "", `${request.method === "GET" ? "" : `${request.method} `}${request.path} `, element("small", "", days)),
    element("td", "", position, " ", attempt),
    element("td", "answer", answer, ` ${answerName(request.status, request.fault)}`),
    element("td", "number", request.rows === null ? "–" : number(request.rows)),
    element("td", "number", milliseconds(request.duration_ms)),
  );
  row.dataset.number = request.number;
  row.title = `${request.path}?${request.query}`;
  return row;
}

function kindOf(request) {
  if (request.transient || request.status >= 400) return "failed";
  return request.fault || request.status >= 300 ? "odd" : "fine";
}

/** Where in the listing the request stands, and which days it asks for. */
function readQuery(query) {
  const parameters = new URLSearchParams(query);
  const name = Object.keys(POSITIONS).find((known) => parameters.has(known));
  const start = parameters.has("limit") ? "première page" : "";
  const days = ["date", "start_date", "end_date"].map((known) => parameters.get(known)).filter(Boolean);
  const since = parameters.get("updated_since");
  return {
    position: name ? POSITIONS[name](parameters.get(name)) : start,
    days: since ? `depuis ${since}` : [...new Set(days)].join(" → "),
  };
}

function startWait(request) {
  const wait = { request, length: 0, over: false, bar: element("span", "bar"), words: element("span", "words") };
  const drawn = element("td", "", element("div", "drawn", wait.bar, wait.words));
  drawn.colSpan = 5;
  const row = element("tr", "wait", element("td", ""), drawn);
  row.dataset.number = request.number;
  at("requests").append(row);
  waits.set(request.number, wait);
}

function endWait(request) {
  const wait = waits.get(request.retry_of);
  if (!wait) return;
  wait.over = true;
  setWait(wait, request.wait_s, `attente ${seconds(request.wait_s)}`);
}

/** The waits still going on grow, until one is too long for a retry to be expected. */
function growWaits() {
  for (const wait of waits.values()) {
    if (wait.over) continue;
    const { at: start, duration_ms: duration, retry_after: asked } = wait.request;
    const length = Math.max(0, Date.now() / 1000 - start - duration / 1000);
    wait.over = length > Math.max(GIVEN_UP_S, (asked ?? 0) + 5);
    if (wait.over) setWait(wait, 0, "pas de nouvel essai");
    else setWait(wait, length, `en attente… ${seconds(length)}`);
  }
  setScale();
}

function setWait(wait, length, words) {
  wait.length = length;
  wait.bar.style.setProperty("--length", length);
  const asked = wait.request.retry_after;
  wait.words.textContent = asked === null ? words : `${words} · l'API demandait ${seconds(asked)}`;
}

/** All bars keep to one scale, on which the longest wait fits. */
function setScale() {
  const longest = Math.max(SHORTEST_SCALE_S, ...[...waits.values()].map((wait) => wait.length));
  at("stream").style.setProperty("--longest", longest);
  at("scale").hidden = waits.size === 0;
}

function forgetOldest() {
  const rows = at("requests");
  const oldestShown = Number(rows.lastElementChild.dataset.number) - SHOWN + 1;
  while (Number(rows.firstElementChild.dataset.number) < oldestShown) {
    waits.delete(Number(rows.firstElementChild.dataset.number));
    rows.firstElementChild.remove();
  }
}

export function showTotals(state) {
  const answers = Object.entries(state.statuses).map(([status, count]) => `${status} × ${number(count)}`);
  at("totals").textContent = [requests(state.requests), ...answers].join(" · ");
}

/** What a screen reader says: the totals from time to time, not each request. */
function speak() {
  if (at("spoken").textContent !== at("totals").textContent) at("spoken").textContent = at("totals").textContent;
}

setInterval(growWaits, 100);
setInterval(speak, SPOKEN_EVERY_MS);
