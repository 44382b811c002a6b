/* Asking the notebook's kernel, and drawing its answer. */

const SHOWN = ["display_data", "execute_result", "error"];

/* What a call of labkit.notebooks.exercises shows, as outputs. No name is left in the trainee's kernel. */
export async function ask(panel, call) {
  const kernel = panel.sessionContext.session?.kernel;
  if (!kernel) return [{ data: { "text/plain": "Le noyau est arrêté : relancez-le par le menu Noyau." } }];
  const code = `__import__("labkit.notebooks.exercises", fromlist=["_"]).${call}`;
  const outputs = [];
  const future = kernel.requestExecute({ code, store_history: false });
  future.onIOPub = ({ header: { msg_type: output_type }, content }) => {
    if (SHOWN.includes(output_type)) outputs.push({ output_type, ...content });
  };
  // A kernel restarted meanwhile answers nothing.
  await future.done.catch(() => {});
  return outputs;
}

/* Draw outputs as the notebook would. */
export async function draw(panel, outputs, place) {
  const { rendermime } = panel.content;
  place.replaceChildren();
  for (const { ename, evalue, data = { "text/plain": `${ename}: ${evalue}` } } of outputs) {
    const renderer = rendermime.createRenderer(rendermime.preferredMimeType(data, "any"));
    await renderer.renderModel(rendermime.createModel({ data, trusted: true }));
    place.append(renderer.node);
  }
}
