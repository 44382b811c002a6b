// The left column: clock, faults, inserts, reset; and the list of the faults in place.

import { act, element } from "./live.js";
import { FAULTS, SCENES, day, faultInWords, number, plural, requests, weekday } from "./words.js";

const at = (id) => document.getElementById(id);

at("advance").addEventListener("click", () =>
  act("clock-outcome", "PUT", "clock", { advance_days: 1 }, (change) => `+ ${plural(change.new_events, "événement")}`),
);

for (const { label, hint, fault } of FAULTS) {
  const button = element("button", "", element("b", "", label), " ", element("small", "", hint));
  button.type = "button";
  button.addEventListener("click", () => plant(fault));
  at("fault-buttons").append(button);
}

for (const { time, hint, fault } of SCENES) {
  const button = element("button", "", element("b", "", time), " ", element("small", "", hint));
  button.type = "button";
  button.addEventListener("click", () => {
    act("scenes-outcome", "POST", "reset");
    act("scenes-outcome", "POST", "faults", fault, () => "En place.");
  });
  at("scene-buttons").append(button);
}

at("project").addEventListener("click", () => project(!document.body.classList.contains("projected")));
document.addEventListener("keydown", (event) => event.key === "Escape" && project(false));

/** For a room: the requests alone, in large. */
function project(projected) {
  document.body.classList.toggle("projected", projected);
  at("project").setAttribute("aria-pressed", projected);
  at("project").textContent = projected ? "Revenir" : "Projeter";
}

at("unit").addEventListener("change", () => {
  at("amount").value = at("unit").value === "next" ? 3 : 20;
});

function plant(fault) {
  if (!at("scope").reportValidity()) return;
  const settings = { ...fault };
  const amount = at("amount").valueAsNumber;
  if (at("unit").value === "next") settings.next = amount;
  else settings.rate = amount / 100;
  const waits = ["429", "503"].includes(fault.kind) && at("retry-after").value !== "";
  if (waits) settings.retry_after = at("retry-after").valueAsNumber;
  if (fault.kind === "slow") settings.delay_s = at("delay").valueAsNumber;
  act("faults-outcome", "POST", "faults", settings);
}

at("clear-faults").addEventListener("click", () => act("faults-outcome", "DELETE", "faults"));

at("insert").addEventListener("submit", (event) => {
  event.preventDefault();
  act("insert-outcome", "POST", "inserts", {
    count: at("insert-count").valueAsNumber,
    date: at("insert-date").value,
    after_requests: at("insert-after").valueAsNumber,
  });
});

at("reset").addEventListener("click", () => {
  at("clock-outcome").textContent = "";
  act("reset-outcome", "POST", "reset", undefined, () => "Comme au premier jour.");
});

/** Show what stands on the switchboard, whoever put it there. */
export function showControls(state) {
  at("clock").dateTime = state.now;
  at("clock").replaceChildren(
    day(state.now, { year: "numeric" }),
    element("small", "", `${weekday(state.now)}, ${state.now.slice(11, 16)} UTC`),
  );
  const faults = state.faults.map((fault) => element("li", "", faultInWords(fault)));
  at("standing-faults").replaceChildren(...(faults.length ? faults : [element("li", "none", "aucune")]));
  at("clear-faults").disabled = !faults.length;
  showInserts(state);
}

function showInserts(state) {
  const waiting = state.pending_inserts.map(
    (insert) => `${plural(insert.count, "ligne")} au ${day(insert.date)}, dans ${requests(insert.after_requests)}`,
  );
  if (state.inserted) waiting.push(`déjà insérées : ${number(state.inserted)}`);
  at("inserts").textContent = waiting.join(" ; ");
}
