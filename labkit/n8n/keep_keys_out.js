// n8n loads this at its start (EXTERNAL_HOOK_FILES). It stores a request's headers with the execution: once the key in
// them has been checked, it is taken out, so that neither the executions nor the database ever hold it.
const utils = require.main.require('n8n-nodes-base/dist/nodes/Webhook/utils.js');

const check = utils.validateWebhookAuthentication;
utils.validateWebhookAuthentication = async (context, property) => {
  const payload = await check(context, property);
  delete context.getRequestObject().headers['x-lab-key'];
  return payload;
};
