// The switchboard's page: on the left what the instructor does, on the right what the API lives through.

import { showControls } from "./controls.js";
import { follow, showCount } from "./live.js";
import { addRequest, forgetRequests, showTotals } from "./requests.js";

follow({
  start: forgetRequests,
  state(state) {
    showControls(state);
    showTotals(state);
    showCount(state);
  },
  request: addRequest,
});
