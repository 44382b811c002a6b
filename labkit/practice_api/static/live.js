// What both pages share: the live stream, calls to the switchboard, and elements built without any HTML.

const linkState = document.getElementById("link-state");
const RECONNECT_MS = 2000;

/** Follow the stream: `handlers` maps an event's name to what is done with its content. A hidden tab lets go of its
 *  connection (a browser allows six to one host), and gets the whole again when it is shown. */
export function follow(handlers) {
  let source = null;

  function open() {
    if (source || document.hidden) return;
    source = new EventSource("_lab/stream");
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => handle(JSON.parse(event.data)));
    }
    source.onopen = () => sayLink("live", "en direct");
    source.onerror = () => {
      sayLink("lost", "API injoignable, nouvel essai…");
      close();
      setTimeout(open, RECONNECT_MS);
    };
  }

  function close() {
    source?.close();
    source = null;
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  open();
}

function sayLink(state, text) {
  linkState.dataset.state = state;
  linkState.textContent = text;
}

let before = Promise.resolve();

/** Call the switchboard once what was asked before is done, so that two quick clicks act in their order; say in the
 *  element `place` what `outcome` makes of its answer, or what went wrong. */
export function act(place, method, path, body, outcome = () => "") {
  before = before.then(() => actNow(place, method, path, body, outcome));
}

async function actNow(place, method, path, body, outcome) {
  const said = document.getElementById(place);
  try {
    said.textContent = outcome(await call(method, path, body));
    said.classList.remove("bad");
  } catch (error) {
    said.textContent = error.message;
    said.classList.add("bad");
  }
}

async function call(method, path, body) {
  const options = { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(`_lab/${path}`, options).catch(() => {
    throw new Error("L'API ne répond pas : est-elle démarrée ?");
  });
  const content = await answer.json();
  if (!answer.ok) throw new Error(`Refusé : ${content.error.field ?? content.error.code}, ${content.error.reason}`);
  return content;
}

/** An element with its class and its children, texts or elements. Texts stay texts, whatever they hold. */
export function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

export function showCount(state) {
  document.getElementById("message-count").textContent = state.messages || "";
}
